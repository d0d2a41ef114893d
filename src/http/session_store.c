/* session_store: what Redis has of sessions. SPDX-License-Identifier: MIT */
#include "http/session_store.h"

#include <inttypes.h>
#include <stdio.h>

#define KEY_SIZE 64

struct keys {
    char name[2][KEY_SIZE]; /* the user's name, and the state */
};

static struct keys keys_of(const char *id)
{
    struct keys keys;

    snprintf(keys.name[0], KEY_SIZE, "sessions.%s", id);
    snprintf(keys.name[1], KEY_SIZE, "sessions.%s.state", id);
    return keys;
}

static bool is_stored(const struct store *store)
{
    return store_state(store) != STORE_OFF;
}

void session_store_keep(struct store *store, const char *id, const char *user,
                        int64_t began_s, const char *print, int64_t ttl_s)
{
    struct keys keys = keys_of(id);
    char state[KEY_SIZE];
    char seconds[24];
    const char *const values[2] = {user, state};

    snprintf(state, sizeof(state), "%" PRId64 " %s", began_s, print);
    snprintf(seconds, sizeof(seconds), "%" PRId64, ttl_s);
    for (unsigned i = 0; i < 2 && is_stored(store); i++)
        store_tell(store, 5,
                   (const char *const[]){"SET", keys.name[i], values[i], "EX",
                                         seconds},
                   NULL);
}

void session_store_renew(struct store *store, const char *id, int64_t ttl_s)
{
    struct keys keys = keys_of(id);
    char seconds[24];

    snprintf(seconds, sizeof(seconds), "%" PRId64, ttl_s);
    for (unsigned i = 0; i < 2 && is_stored(store); i++)
        store_tell(store, 3,
                   (const char *const[]){"EXPIRE", keys.name[i], seconds},
                   NULL);
}

void session_store_forget(struct store *store, const char *id)
{
    struct keys keys = keys_of(id);

    if (is_stored(store))
        store_tell(store, 3,
                   (const char *const[]){"DEL", keys.name[0], keys.name[1]},
                   NULL);
}

struct store_call *session_store_ask(struct store *store, const char *id,
                                     store_done *done, void *arg)
{
    struct keys keys = keys_of(id);

    return store_ask(store, done, arg, 3,
                     (const char *const[]){"MGET", keys.name[0], keys.name[1]},
                     NULL);
}

static const char *text_of(const struct store_reply *reply, size_t i)
{
    const struct store_reply *item = store_reply_at(reply, i);

    return store_reply_type(item) == STORE_TEXT ? store_reply_text(item, NULL)
                                                : "";
}

enum session_found session_store_read(const struct store_reply *reply,
                                      char user[USER_NAME_MAX + 1],
                                      int64_t *began_s, char print[TOKEN_SIZE])
{
    if (reply == NULL || store_reply_type(reply) != STORE_ARRAY ||
        store_reply_count(reply) != 2)
        return SESSION_AWAY;
    if (users_refuse_name(text_of(reply, 0)) != NULL ||
        sscanf(text_of(reply, 1), "%" SCNd64 " %32[0-9a-f]", began_s, print) !=
            2)
        return SESSION_NONE;
    snprintf(user, USER_NAME_MAX + 1, "%s", text_of(reply, 0));
    return SESSION_FOUND;
}
