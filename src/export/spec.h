/* spec: what -F says. SPDX-License-Identifier: MIT */
#ifndef KELVIN_EXPORT_SPEC_H
#define KELVIN_EXPORT_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/util/strbuf.h"

/*
 * "KIND;FIELD;FIELD;name=value;name=value": the kind knows how many fields
 * it has, options follow them in any order.
 */
#define SPEC_FIELDS 6
#define SPEC_OPTIONS 16

struct spec_option {
    const char *name;
    const char *value;
    bool is_known; /* somebody has asked for it */
};

struct spec {
    char *text; /* owns the others */
    const char *kind;
    const char *fields[SPEC_FIELDS];
    size_t count;
    struct spec_option options[SPEC_OPTIONS];
    size_t option_count;
};

/*
 * Split a text. From field `min` on "name=value" is an option, and from field
 * `max` on nothing else is allowed. spec_free() in any case.
 * @return false with the reason, which shows no values.
 */
bool spec_parse(struct spec *spec, const char *text, size_t min, size_t max,
                struct strbuf *error);
void spec_free(struct spec *spec);

/* A field, "" when it is not there. */
const char *spec_field(const struct spec *spec, size_t i);

/* The value of an option, or NULL. */
const char *spec_option(struct spec *spec, const char *name);

/* The same as a number with k, M, G (1024) or as seconds with s, m, h, d.
 * @return false with the reason when it is none or outside the bounds;
 * `*value` stays when the option is not there. */
bool spec_size(struct spec *spec, const char *name, uint64_t min, uint64_t max,
               uint64_t *value, struct strbuf *error);
bool spec_seconds(struct spec *spec, const char *name, uint64_t min,
                  uint64_t max, uint64_t *value, struct strbuf *error);

/* "yes" or "no". */
bool spec_flag(struct spec *spec, const char *name, bool *value,
               struct strbuf *error);

/* A port, 1 to 65535. */
bool spec_port(const char *text, uint16_t *port, struct strbuf *error);

/* An option that nobody has asked for, or NULL. */
const char *spec_unknown(const struct spec *spec);

/*
 * What a secret is: itself, "@/PATH": the first line of that file, "$NAME":
 * the environment variable of that name. Give it to spec_forget().
 * @return NULL with the reason, which does not show the secret.
 */
char *spec_secret(const char *text, struct strbuf *error);
void spec_forget(char *secret); /* wiped and freed; NULL is fine */

/* The text as logs, pages and metrics may show it: fields whose bit is in
 * `secrets` are `***`, where they do not just say where the secret is; options
 * from field `min` on are shown. Free it. */
char *spec_public(const char *text, uint32_t secrets, size_t min);

#endif
