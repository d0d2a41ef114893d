/* prefs: what is set while kelvin runs. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_PREFS_H
#define KELVIN_RUN_PREFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/run/prefs_table.h"
#include "core/run/store.h"
#include "core/util/strbuf.h"

/*
 * Each row of prefs_table.c has one value, in memory: asking never waits.
 * prefs_sync.c keeps it as it is in Redis; a script or page changes both
 * here. Without Redis values last as long as the program.
 */
struct prefs;

/* All at their presets. The store may be NULL; it must outlive them. */
struct prefs *prefs_new(struct store *store);

/* NULL is fine. */
void prefs_free(struct prefs *prefs);

/* The value of a preference of this type: bool; number, and of a choice which
 * one it is; text of any type as Redis has it, valid until it changes. */
bool prefs_bool(const struct prefs *prefs, enum pref pref);
int64_t prefs_int(const struct prefs *prefs, enum pref pref);
const char *prefs_text(const struct prefs *prefs, enum pref pref);

/* The text of the one with this key of Redis ("ntopng.prefs.host_mask"), NULL
 * when there is no such preference: the key may still be in Redis. */
const char *prefs_get_text(const struct prefs *prefs, const char *key);

/*
 * Set the one with this key, here and in Redis.
 * @return false with one line in the error that names key, value and what it
 * must be; nothing has changed then.
 */
bool prefs_set(struct prefs *prefs, const char *key, const char *value,
               struct strbuf *error);

/* Back to the preset, here and (by DEL) in Redis. @return false with one line
 * in the error: there is no such preference. */
bool prefs_reset(struct prefs *prefs, const char *key, struct strbuf *error);

/* Call `changed` after a value has changed, wherever that came from. At most
 * PREFS_LISTENERS. */
#define PREFS_LISTENERS 16
void prefs_listen(struct prefs *prefs, void (*changed)(void *arg, enum pref),
                  void *arg);

/* What a value must be, "a number from 1 to 9 days". Appended. */
void pref_explain(const struct pref_row *row, struct strbuf *text);

/*
 * For prefs_sync.c. What Redis has under the key, asked for at `stamp`
 * (prefs_stamp() of that time): an answer that is older than prefs_set() is
 * not news. NULL: nothing. A bad value is refused and logged once.
 */
uint64_t prefs_stamp(const struct prefs *prefs);
void prefs_take(struct prefs *prefs, enum pref pref, uint64_t stamp,
                const char *text, size_t len);

#endif
