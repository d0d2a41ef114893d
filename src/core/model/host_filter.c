/* host_filter: hosts by an expression. SPDX-License-Identifier: MIT */
#include "core/model/host_filter.h"

#include <stdlib.h>

#include "core/model/filter_internal.h"
#include "core/util/mem.h"

struct host_filter {
    struct filter filter;
};

struct host_filter *host_filter_new(const char *text, const struct dpi *dpi,
                                    struct strbuf *error)
{
    static const struct filter_name names[] = {
        {"ip", VALUE_ADDR, NULL, false},
        {"net", VALUE_NET, NULL, false},
        {"host", VALUE_HOST, "label", false},
        {"mac", VALUE_MAC, NULL, false},
        {"app", VALUE_APP, NULL, false},
        {"network", VALUE_NUMBER, "local_network_id", false},
        {"local", VALUE_YES, "localhost", false},
    };
    const struct filter_language language = {
        names, sizeof(names) / sizeof(names[0]), field_host(), false};

    struct host_filter *filter = mem_calloc(1, sizeof(*filter));

    if (filter_parse(&filter->filter, text, &language, dpi, error))
        return filter;
    host_filter_free(filter);
    return NULL;
}

void host_filter_free(struct host_filter *filter)
{
    if (filter == NULL)
        return;
    filter_clear(&filter->filter);
    free(filter);
}

bool host_filter_matches(const struct host_filter *filter,
                         const struct iface *iface, uint32_t index)
{
    struct field_source source = {.seen = NULL};

    field_of_host(iface, index, &source);
    return filter_matches(&filter->filter, &source);
}
