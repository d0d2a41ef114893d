/* store_errors: what Redis refuses, said once. SPDX-License-Identifier: MIT */
#include "core/run/store_errors.h"

#include <stdbool.h>
#include <string.h>

#include "core/util/log.h"

static const struct {
    const char *word; /* the first of the error */
    const char *advice;
    bool is_write; /* over when a write works */
} kinds[] = {
    {"OOM", "its memory is full: raise its maxmemory, or make room", true},
    {"MISCONF", "it cannot write to its disk: its log says why", true},
    {"READONLY", "it is a replica: name the server to write to with -r", true},
    {"NOREPLICAS", "it waits for replicas that are away", true},
    {"NOAUTH", "it wants a password: -r HOST:PORT:PASSWORD", false},
    {"NOPERM", "kelvin's user may not do this there", false},
    {"MASTERDOWN", "it is a replica without its master", false},
    {"LOADING", "it is still reading its data", false},
    {"BUSY", "a script keeps it busy", false},
    {"MOVED", "it is a cluster: kelvin needs a single server", false},
    {"TOOLARGE", "look for what is so large under ntopng.*", false},
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* ACL errors name user and command, never a value. */
#define TEXT_MAX_LEN 120

void store_errors_note(struct store_errors *errors, const char *name,
                       const char *text)
{
    size_t len = strcspn(text, " ");

    for (unsigned i = 0; i < KINDS; i++) {
        if (strlen(kinds[i].word) != len ||
            memcmp(kinds[i].word, text, len) != 0)
            continue;
        if ((errors->said & 1u << i) == 0)
            log_warnx("redis", "%s: %.*s; %s", name, TEXT_MAX_LEN, text,
                      kinds[i].advice);
        errors->said |= 1u << i;
        return;
    }
    log_debug("redis", "%s: %.*s", name, TEXT_MAX_LEN, text);
}

void store_errors_write_worked(struct store_errors *errors, const char *name)
{
    unsigned writes = 0;

    for (unsigned i = 0; i < KINDS; i++)
        if (kinds[i].is_write)
            writes |= 1u << i;
    if ((errors->said & writes) != 0)
        log_notice("redis", "%s takes writes again", name);
    errors->said &= ~writes;
}

void store_errors_reset(struct store_errors *errors)
{
    errors->said = 0;
}
