/* prefs_sync: preferences as Redis has them. SPDX-License-Identifier: MIT */
#include "core/run/prefs_sync.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/run/store_watch.h"
#include "core/util/log.h"
#include "core/util/mem.h"

#define POLL_US 1000000
#define POLLS_WITH_EVENTS 10 /* one of so many, when events come */
/* Keyspace events, of strings and (for alerts) of hashes, of DEL and RENAME, of
 * expiry, of eviction. */
#define EVENTS "K$ghxe"
#define SETTING "notify-keyspace-events"

/* One preference and the question for it that is on its way. */
struct question {
    struct prefs_sync *sync;
    uint64_t stamp;
    bool is_asked;
    bool is_outdated; /* it changed meanwhile: ask again */
    bool is_foreign;  /* the key holds something that is no string */
};

struct prefs_sync {
    struct store *store;
    struct prefs *prefs;
    struct store_watch *watch;
    struct loop_source *timer;
    bool has_events; /* Redis makes them */
    bool is_polling; /* the question for all is on its way */
    unsigned polls;
    uint64_t poll_stamp;
    struct question questions[PREFS_COUNT];
};

static enum pref pref_of(const struct question *question)
{
    return (enum pref)(question - question->sync->questions);
}

static void ask(struct question *question);

static void note_foreign(struct question *question)
{
    if (!question->is_foreign)
        log_warnx("prefs",
                  "%s: Redis holds something else than a string "
                  "there; it is not used",
                  pref_row(pref_of(question))->key);
    question->is_foreign = true;
}

static void on_answer(void *arg, const struct store_reply *reply)
{
    struct question *question = arg;
    struct prefs *prefs = question->sync->prefs;
    enum pref pref = pref_of(question);
    const char *text;
    size_t len;

    question->is_asked = false;
    if (reply == NULL)
        return; /* all are asked for when Redis is back */
    text = store_reply_text(reply, &len);
    switch (store_reply_type(reply)) {
    case STORE_TEXT:
        question->is_foreign = false;
        prefs_take(prefs, pref, question->stamp, text, len);
        break;
    case STORE_NIL:
        question->is_foreign = false;
        prefs_take(prefs, pref, question->stamp, NULL, 0);
        break;
    default:
        if (strncmp(text, "WRONGTYPE", 9) == 0)
            note_foreign(question);
        break;
    }
    if (question->is_outdated)
        ask(question);
}

/* Ask for one; those that change often are asked for once at a time. */
static void ask(struct question *question)
{
    const char *const argv[] = {"GET", pref_row(pref_of(question))->key};

    question->is_outdated = question->is_asked;
    if (question->is_asked)
        return;
    question->stamp = prefs_stamp(question->sync->prefs);
    question->is_asked = store_ask(question->sync->store, on_answer, question,
                                   2, argv, NULL) != NULL;
}

static void ask_all(struct prefs_sync *sync)
{
    for (unsigned pref = 0; pref < PREFS_COUNT; pref++)
        ask(&sync->questions[pref]);
}

/* Redis gives nil for what is not there and for what is no string. */
static void on_polled(void *arg, const struct store_reply *reply)
{
    struct prefs_sync *sync = arg;

    sync->is_polling = false;
    if (reply == NULL || store_reply_count(reply) != PREFS_COUNT)
        return;
    for (unsigned pref = 0; pref < PREFS_COUNT; pref++) {
        const struct store_reply *item = store_reply_at(reply, pref);
        bool is_text = store_reply_type(item) == STORE_TEXT;
        const char *text;
        size_t len;

        text = store_reply_text(item, &len);
        if (is_text)
            sync->questions[pref].is_foreign = false;
        prefs_take(sync->prefs, (enum pref)pref, sync->poll_stamp,
                   is_text ? text : NULL, len);
    }
}

static void poll_all(struct prefs_sync *sync)
{
    const char *argv[PREFS_COUNT + 1] = {"MGET"};

    if (sync->is_polling)
        return;
    for (unsigned pref = 0; pref < PREFS_COUNT; pref++)
        argv[pref + 1] = pref_row((enum pref)pref)->key;
    sync->poll_stamp = prefs_stamp(sync->prefs);
    sync->is_polling = store_ask(sync->store, on_polled, sync, PREFS_COUNT + 1,
                                 argv, NULL) != NULL;
}

static void on_timer(void *arg)
{
    struct prefs_sync *sync = arg;

    if (store_state(sync->store) != STORE_READY)
        return;
    sync->polls++;
    if (!sync->has_events || !store_watch_is_on(sync->watch) ||
        sync->polls % POLLS_WITH_EVENTS == 0)
        poll_all(sync);
}

/* The channel is "__keyspace@DB__:KEY". */
static void on_event(void *arg, const char *channel, const char *text)
{
    struct prefs_sync *sync = arg;
    const char *colon = strchr(channel, ':');
    enum pref pref = colon != NULL ? pref_find(colon + 1) : PREFS_COUNT;

    (void)text;
    if (pref != PREFS_COUNT)
        ask(&sync->questions[pref]);
}

static void on_watch(void *arg, bool is_on)
{
    if (is_on) /* what changed before may have been missed */
        ask_all(arg);
}

static void on_config_set(void *arg, const struct store_reply *reply)
{
    struct prefs_sync *sync = arg;

    if (reply == NULL)
        return;
    sync->has_events = store_reply_type(reply) != STORE_ERROR;
    if (sync->has_events)
        ask_all(sync);
    else
        log_info("prefs",
                 "%s lets nobody turn on events: preferences are "
                 "asked for every second",
                 store_name(sync->store));
}

/* Add what is missing to what is on; "A" stands for all kinds. */
static void turn_on_events(struct prefs_sync *sync, const char *now)
{
    const char *argv[] = {"CONFIG", "SET", SETTING, NULL};
    bool has_all = strchr(now, 'A') != NULL;
    char wanted[64];
    size_t len =
        (size_t)snprintf(wanted, sizeof(wanted) - sizeof(EVENTS), "%s", now);

    if (len >= sizeof(wanted) - sizeof(EVENTS))
        return; /* there are fewer letters than that */
    for (const char *kind = EVENTS; *kind != '\0'; kind++)
        if (strchr(now, *kind) == NULL && !(has_all && *kind != 'K'))
            wanted[len++] = *kind;
    wanted[len] = '\0';
    if (strcmp(wanted, now) == 0) {
        sync->has_events = true;
        return;
    }
    argv[3] = wanted;
    store_ask(sync->store, on_config_set, sync, 4, argv, NULL);
}

static void on_config(void *arg, const struct store_reply *reply)
{
    if (reply == NULL)
        return;
    if (store_reply_count(reply) == 2)
        turn_on_events(arg, store_reply_text(store_reply_at(reply, 1), NULL));
    else
        on_config_set(arg, reply);
}

static void on_state(void *arg, enum store_state state)
{
    static const char *const argv[] = {"CONFIG", "GET", SETTING};
    struct prefs_sync *sync = arg;

    sync->has_events = false;
    if (state != STORE_READY)
        return;
    ask_all(sync);
    store_ask(sync->store, on_config, sync, 3, argv, NULL);
}

struct prefs_sync *prefs_sync_start(struct loop *loop, struct store *store,
                                    struct prefs *prefs)
{
    struct store_watch_handler handler = {on_event, on_watch, NULL};
    struct prefs_sync *sync;
    char pattern[64];

    if (store_state(store) == STORE_OFF)
        return NULL;
    sync = mem_calloc(1, sizeof(*sync));
    sync->store = store;
    sync->prefs = prefs;
    for (unsigned pref = 0; pref < PREFS_COUNT; pref++)
        sync->questions[pref].sync = sync;
    /* Keys of preferences begin with ntopng.prefs. or ntopng.alerts. */
    snprintf(pattern, sizeof(pattern), "__keyspace@%u__:ntopng.[ap][lr]e*",
             store_database(store));
    store_listen(store, on_state, sync);
    handler.arg = sync;
    sync->watch = store_watch_open(loop, store, pattern, &handler);
    sync->timer = loop_every(loop, POLL_US, LOOP_PEER, on_timer, sync);
    if (store_state(store) == STORE_READY)
        on_state(sync, STORE_READY);
    return sync;
}

void prefs_sync_stop(struct prefs_sync *sync)
{
    if (sync == NULL)
        return;
    store_watch_close(sync->watch);
    loop_source_free(sync->timer);
    free(sync);
}
