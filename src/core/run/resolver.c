/* resolver: who an address is, by asking. SPDX-License-Identifier: MIT */
#include "core/run/resolver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/run/loop_dns.h"
#include "core/util/log.h"
#include "core/util/mem.h"
#include "core/util/utf8.h"

/*
 * A new host's address enters `queue` and leaves it as a question when the
 * timer comes; resolver_ask() makes a question at once, or joins the one that
 * is under way for its address. An answer goes into a slot of `known`, to the
 * hosts with that address, and to the calls that wait, and ends the question.
 * Redis, when it is there, is asked first.
 */
#define QUEUE_SIZE 1024
#define EVERY_US 100000 /* between two questions of the queue's */
#define UNDERWAY_MAX 64
#define KNOWN_SLOTS 8192
#define KNOWN_US (3600 * INT64_C(1000000))
/* A server that did not answer may do so soon. */
#define FAILED_US (300 * INT64_C(1000000))
#define NAME_SIZE 128
#define CACHE_S "3600"

struct known {
    struct addr addr;
    int64_t until_us; /* 0: empty */
    char name[NAME_SIZE];
};

struct waiting {
    struct addr addr;
    uint16_t vlan;
};

struct resolver_call {
    struct resolver_call *next;
    resolver_done *done; /* NULL: cancelled */
    void *arg;
};

struct question {
    struct resolver *resolver;
    struct question *next;
    struct addr addr;
    uint16_t vlan;
    struct store_call *lookup; /* in Redis, or NULL */
    struct resolver_call *calls;
};

struct resolver {
    struct observer observer;
    struct loop *loop;
    struct engine *engine;
    struct store *store; /* may be NULL */
    enum resolver_mode mode;
    struct loop_dns *dns; /* NULL: not asked yet, or no name server */
    bool has_tried;       /* to find name servers */
    struct loop_source *timer;
    struct hash_key key;
    struct known *known; /* KNOWN_SLOTS */
    struct waiting *queue;
    uint32_t head; /* of the queue, counting on */
    uint32_t tail;
    struct question *questions;
    struct resolver_counters counters;
};

/* What is known */

static struct known *slot_of(const struct resolver *resolver,
                             const struct addr *addr)
{
    const uint64_t *secret = resolver->key.word;

    return &resolver->known[hash_fold(hash_pair(addr->words[0], addr->words[1],
                                                secret[0], secret[1]),
                                      secret[2]) %
                            KNOWN_SLOTS];
}

/* The valid slot of an address, or NULL. */
static const struct known *find(const struct resolver *resolver,
                                const struct addr *addr)
{
    const struct known *slot = slot_of(resolver, addr);

    return slot->until_us > loop_now_us(resolver->loop) &&
                   addr_equal(&slot->addr, addr)
               ? slot
               : NULL;
}

static void keep(struct resolver *resolver, const struct addr *addr,
                 const char *name, int64_t for_us)
{
    struct known *slot = slot_of(resolver, addr);

    slot->addr = *addr;
    slot->until_us = loop_now_us(resolver->loop) + for_us;
    memcpy(slot->name, name, strlen(name) + 1);
}

const char *resolver_known(const struct resolver *resolver,
                           const struct addr *addr)
{
    const struct known *known = find(resolver, addr);

    return known != NULL && known->name[0] != '\0' ? known->name : NULL;
}

static void teach(const struct resolver *resolver, const struct addr *addr,
                  uint16_t vlan, const char *name)
{
    for (uint16_t id = 0; id < engine_ifaces(resolver->engine); id++) {
        struct iface *iface = engine_iface(resolver->engine, id);
        uint32_t index = hosts_find(&iface->hosts, addr, vlan);

        if (index != POOL_NONE)
            host_learn_name(hosts_at(&iface->hosts, index), NAME_PTR, name);
    }
}

/* Questions */

static struct question *under_way(const struct resolver *resolver,
                                  const struct addr *addr)
{
    struct question *at = resolver->questions;

    while (at != NULL && !addr_equal(&at->addr, addr))
        at = at->next;
    return at;
}

static void free_question(struct question *question)
{
    struct resolver *resolver = question->resolver;
    struct question **at = &resolver->questions;

    while (*at != question)
        at = &(*at)->next;
    *at = question->next;
    store_cancel(question->lookup);
    resolver->counters.underway--;
    while (question->calls != NULL) {
        struct resolver_call *call = question->calls;

        question->calls = call->next;
        free(call);
    }
    free(question);
}

/* A callback may ask or cancel meanwhile, so the question is no longer among
 * those that one could join. */
static void answer(struct question *question, const char *name)
{
    const char *found = name[0] != '\0' ? name : NULL;

    for (struct resolver_call *call = question->calls; call;
         call = call->next) {
        resolver_done *done = call->done;

        call->done = NULL;
        if (done != NULL)
            done(call->arg, found);
    }
}

struct cache_key {
    char text[sizeof("ntopng.dns.cache.") + ADDR_TEXT_SIZE];
};

static const char *put_key(struct cache_key *key, const struct addr *addr)
{
    char text[ADDR_TEXT_SIZE];

    snprintf(key->text, sizeof(key->text), "ntopng.dns.cache.%s",
             addr_format(addr, text));
    return key->text;
}

/* What an answer means, for everybody who waits. `name` may be "". */
static void settle(struct question *question, const char *name, int64_t for_us)
{
    struct resolver *resolver = question->resolver;

    keep(resolver, &question->addr, name, for_us);
    if (name[0] != '\0')
        teach(resolver, &question->addr, question->vlan, name);
    answer(question, name);
    free_question(question);
}

static void write_cache(const struct resolver *resolver,
                        const struct addr *addr, const char *name)
{
    char text[ADDR_TEXT_SIZE];
    struct cache_key key;
    const char *const words[] = {"SETEX", put_key(&key, addr), CACHE_S,
                                 name[0] != '\0' ? name
                                                 : addr_format(addr, text)};

    if (store_state(resolver->store) == STORE_READY)
        (void)store_tell(resolver->store, 4, words, NULL);
}

static void on_reply(void *arg, enum loop_dns_result result, const char *name,
                     uint32_t ttl_s)
{
    struct question *question = arg;
    struct resolver *resolver = question->resolver;
    char clean[NAME_SIZE] = "";

    (void)ttl_s; /* an hour for all: a name is for people, not for routing */
    if (result == LOOP_DNS_FOUND)
        utf8_clean(clean, sizeof(clean), name, strlen(name));
    resolver->counters.failed += result == LOOP_DNS_FAILED;
    resolver->counters.none += result == LOOP_DNS_NONE;
    resolver->counters.found += result == LOOP_DNS_FOUND;
    if (result != LOOP_DNS_FAILED)
        write_cache(resolver, &question->addr, clean);
    settle(question, clean, result == LOOP_DNS_FAILED ? FAILED_US : KNOWN_US);
}

/* The name servers, looked for when the first name is wanted; or NULL. */
static struct loop_dns *servers(struct resolver *resolver)
{
    if (!resolver->has_tried)
        resolver->dns = loop_dns_new(resolver->loop);
    resolver->has_tried = true;
    return resolver->dns;
}

/* @return false when there is nobody to ask. */
static bool ask_servers(struct question *question)
{
    struct resolver *resolver = question->resolver;

    if (servers(resolver) == NULL ||
        loop_dns_reverse(resolver->dns, &question->addr, on_reply, question) ==
            NULL)
        return false;
    resolver->counters.asked++;
    return true;
}

static void on_cached(void *arg, const struct store_reply *reply)
{
    struct question *question = arg;
    struct resolver *resolver = question->resolver;
    char address[ADDR_TEXT_SIZE];
    char clean[NAME_SIZE] = "";
    const char *name;
    size_t len;

    question->lookup = NULL;
    if (reply != NULL && store_reply_type(reply) == STORE_TEXT) {
        name = store_reply_text(reply, &len);
        if (strcmp(name, addr_format(&question->addr, address)) != 0)
            utf8_clean(clean, sizeof(clean), name, len);
        resolver->counters.cached++;
        settle(question, clean, KNOWN_US);
    } else if (!ask_servers(question)) {
        resolver->counters.failed++;
        settle(question, "", FAILED_US);
    }
}

/* Look into Redis. @return false when it is not there. */
static bool ask_store(struct question *question)
{
    struct store *store = question->resolver->store;
    struct cache_key key;
    const char *const words[] = {"GET", put_key(&key, &question->addr)};

    if (store_state(store) == STORE_READY)
        question->lookup =
            store_ask(store, on_cached, question, 2, words, NULL);
    return question->lookup != NULL;
}

/* @return NULL when there is no room, or nobody to ask. */
static struct question *ask(struct resolver *resolver, const struct addr *addr,
                            uint16_t vlan)
{
    struct question *question;

    if (resolver->counters.underway >= UNDERWAY_MAX)
        return NULL;
    question = mem_calloc(1, sizeof(*question));
    question->resolver = resolver;
    question->addr = *addr;
    question->vlan = vlan;
    question->next = resolver->questions;
    resolver->questions = question;
    resolver->counters.underway++;
    if (!ask_store(question) && !ask_servers(question)) {
        free_question(question);
        return NULL;
    }
    return question;
}

struct resolver_call *resolver_ask(struct resolver *resolver,
                                   const struct addr *addr, resolver_done *done,
                                   void *arg)
{
    struct question *question = under_way(resolver, addr);
    struct resolver_call *call;

    if (question == NULL)
        question = ask(resolver, addr, 0);
    if (question == NULL)
        return NULL;
    call = mem_calloc(1, sizeof(*call));
    *call = (struct resolver_call){question->calls, done, arg};
    question->calls = call;
    return call;
}

void resolver_cancel(struct resolver_call *call)
{
    call->done = NULL;
}

/* New hosts */

/* What a capture calls local is somebody else's network, of which our name
 * servers know nothing and should hear nothing. */
static bool is_worth_asking(const struct iface *iface, const struct host *host,
                            enum resolver_mode mode)
{
    if ((host->flags & (HOST_BROADCAST | HOST_MULTICAST)) != 0 ||
        addr_is_zero(&host->addr) || addr_is_loopback(&host->addr) ||
        host->name_source > NAME_PTR)
        return false;
    return mode == RESOLVER_ALL || (mode == RESOLVER_LOCAL && iface->is_live &&
                                    (host->flags & HOST_LOCAL) != 0);
}

static void enqueue(struct resolver *resolver, const struct addr *addr,
                    uint16_t vlan)
{
    if (resolver->tail - resolver->head == QUEUE_SIZE) {
        resolver->counters.dropped++;
        return;
    }
    resolver->queue[resolver->tail++ % QUEUE_SIZE] =
        (struct waiting){*addr, vlan};
    if (resolver->tail - resolver->head == 1)
        loop_source_resume(resolver->timer);
}

static void on_host(void *arg, const struct iface *iface,
                    const struct host *host)
{
    struct resolver *resolver = arg;

    if (!is_worth_asking(iface, host, resolver->mode))
        return;
    enqueue(resolver, &host->addr, host->vlan);
}

void resolver_want(struct resolver *resolver, const struct addr *addr,
                   uint16_t vlan)
{
    if (resolver->mode != RESOLVER_OFF)
        enqueue(resolver, addr, vlan);
}

/* One question; then rest when nobody waits. */
static void on_timer(void *arg)
{
    struct resolver *resolver = arg;

    if (store_state(resolver->store) != STORE_READY &&
        servers(resolver) == NULL)
        resolver->head = resolver->tail;
    while (resolver->head != resolver->tail) {
        const struct waiting *next =
            &resolver->queue[resolver->head % QUEUE_SIZE];
        const struct known *known = find(resolver, &next->addr);

        if (known == NULL && under_way(resolver, &next->addr) == NULL) {
            if (resolver->counters.underway < UNDERWAY_MAX) {
                (void)ask(resolver, &next->addr, next->vlan);
                resolver->head++;
            }
            return; /* else the next turn may have room */
        }
        if (known != NULL && known->name[0] != '\0')
            teach(resolver, &next->addr, next->vlan, known->name);
        resolver->head++;
    }
    loop_source_pause(resolver->timer);
}

/* Life */

struct resolver *resolver_new(struct loop *loop, struct engine *engine,
                              enum resolver_mode mode)
{
    struct resolver *resolver = mem_calloc(1, sizeof(*resolver));

    resolver->observer =
        (struct observer){.host_seen = on_host, .arg = resolver};
    resolver->loop = loop;
    resolver->engine = engine;
    resolver->mode = mode;
    memcpy(resolver->key.word, engine_config(engine)->seed,
           sizeof(resolver->key.word));
    resolver->known = mem_map(KNOWN_SLOTS * sizeof(*resolver->known));
    resolver->queue = mem_map(QUEUE_SIZE * sizeof(*resolver->queue));
    resolver->timer = loop_every(loop, EVERY_US, LOOP_PEER, on_timer, resolver);
    loop_source_pause(resolver->timer);
    return resolver;
}

void resolver_use_store(struct resolver *resolver, struct store *store)
{
    resolver->store = store;
}

void resolver_free(struct resolver *resolver)
{
    if (resolver == NULL)
        return;
    loop_dns_free(resolver->dns);
    while (resolver->questions != NULL)
        free_question(resolver->questions);
    loop_source_free(resolver->timer);
    mem_unmap(resolver->known, KNOWN_SLOTS * sizeof(*resolver->known));
    mem_unmap(resolver->queue, QUEUE_SIZE * sizeof(*resolver->queue));
    free(resolver);
}

const struct observer *resolver_observer(const struct resolver *resolver)
{
    return &resolver->observer;
}

struct resolver_counters resolver_count(const struct resolver *resolver)
{
    struct resolver_counters counters = resolver->counters;

    counters.waiting = resolver->tail - resolver->head;
    return counters;
}
