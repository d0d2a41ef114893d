/* es_template: types of the fields, for Elasticsearch. SPDX-License-Identifier:
 * MIT */
#ifndef KELVIN_EXPORT_ES_TEMPLATE_H
#define KELVIN_EXPORT_ES_TEMPLATE_H

#include <stdbool.h>

#include "core/util/strbuf.h"

/* What differs between servers. */
struct es_dialect {
    bool has_types;      /* Elasticsearch 6: documents have a _type */
    bool has_composable; /* 8, OpenSearch: templates are _index_template */
};

/*
 * Add the template's body: all indices of the pattern `index` (of strftime)
 * have addresses, places, times and words as such.
 */
void es_template_add(struct strbuf *out, const struct es_dialect *dialect,
                     const char *index, const char *type);

/* Its name, from the pattern: letters, digits and '-'. */
void es_template_add_name(struct strbuf *out, const char *index);

#endif
