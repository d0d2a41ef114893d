/* store_watch: what others change in Redis. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_STORE_WATCH_H
#define KELVIN_RUN_STORE_WATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "core/run/store.h"

/* The messages of channels of one pattern, on a connection of its own. */
struct store_watch;

struct store_watch_handler {
    /* The names end in NUL and are valid during the call. */
    void (*message)(void *arg, const char *channel, const char *text);
    /* Messages come from now on, or no more: some were missed then. */
    void (*changed)(void *arg, bool is_on);
    void *arg;
};

/* Subscribe to `pattern` (copied) whenever the store is ready; again, a second
 * after the connection broke. One that Redis refuses is tried again only when
 * the store is ready anew. */
struct store_watch *store_watch_open(struct loop *loop, struct store *store,
                                     const char *pattern,
                                     const struct store_watch_handler *handler);

/* True while messages come. */
bool store_watch_is_on(const struct store_watch *watch);

/* Stop; NULL is fine. Before store_free(), which would call it. */
void store_watch_close(struct store_watch *watch);

#endif
