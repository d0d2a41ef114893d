/* alert_hosts: hosts that flood, scan or dawdle. SPDX-License-Identifier: MIT
 */
#include "core/model/alert_hosts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/util/mem.h"

#define FIRST_KIND ALERT_SYN_ATTACKER
#define KINDS (ALERT_SLOW_CLIENT - FIRST_KIND + 1)
#define MINUTE_S 60
/* One that failed so often in a minute may be scanning. */
#define SCAN_SUSPECT 16
/* A watched host that gave no new reason for so long is not any more. */
#define WATCH_S 180
/* Linear counting (Whang et al. 1990): good to 5 % up to some thousands. */
#define SKETCH_BITS 1024

/* One for each host, by its index: two to a cache line. */
struct pulse {
    uint32_t second;
    uint32_t counts[ALERT_RATES]; /* in it */
    uint16_t minute;
    uint8_t failed; /* flows in it, up to 255 */
    uint8_t slow;
    bool has_rule;
    uint8_t spare[7];
};

static_assert(sizeof(struct pulse) == 32, "pulses share cache lines");

struct sketch {
    uint16_t ones;
    uint8_t bits[SKETCH_BITS / 8];
};

struct reason {
    uint32_t last_s; /* it was over the limit */
    uint32_t peak;
    uint32_t limit;
    uint8_t streak; /* seconds in a row, with this one */
    bool is_engaged;
};

struct watch {
    struct addr addr;
    uint16_t vlan;
    uint16_t minute; /* of the sketches */
    uint32_t hash;
    uint32_t last_s; /* the last suspicion */
    struct list_link link;
    uint32_t engaged; /* reasons */
    struct reason reasons[KINDS];
    struct sketch ports;
    struct sketch hosts;
};

struct alert_hosts {
    struct alert_hosts_config config;
    struct pulse *pulses;
    struct pool pool; /* of struct watch */
    struct table table;
    struct list quiet; /* no reason is engaged; the oldest suspicion first */
    struct list engaged;
    int64_t now_us;
    float seconds; /* of the last tick */
    uint32_t engaged_count;
    uint64_t refused;
};

struct alert_hosts *alert_hosts_new(const struct alert_hosts_config *config)
{
    struct alert_hosts *hosts = mem_calloc(1, sizeof(*hosts));
    size_t link = offsetof(struct watch, link);

    hosts->config = *config;
    hosts->pulses = mem_map(((size_t)config->cap + 1) * sizeof(*hosts->pulses));
    pool_init(&hosts->pool, ALERT_WATCHES, sizeof(struct watch));
    table_init(&hosts->table, ALERT_WATCHES);
    list_init(&hosts->quiet, &hosts->pool, link);
    list_init(&hosts->engaged, &hosts->pool, link);
    hosts->seconds = 1;
    return hosts;
}

void alert_hosts_free(struct alert_hosts *hosts)
{
    if (hosts == NULL)
        return;
    mem_unmap(hosts->pulses,
              ((size_t)hosts->config.cap + 1) * sizeof(*hosts->pulses));
    table_clear(&hosts->table);
    pool_clear(&hosts->pool);
    free(hosts);
}

void alert_hosts_prefetch(const struct alert_hosts *hosts, uint32_t index)
{
    __builtin_prefetch(&hosts->pulses[index], 1);
}

void alert_hosts_begin(struct alert_hosts *hosts, uint32_t index,
                       const struct host *host)
{
    hosts->pulses[index] = (struct pulse){
        .has_rule = alert_rules_find(hosts->config.rules, &host->addr,
                                     host->vlan) != NULL};
}

void alert_hosts_ruled(struct alert_hosts *hosts, uint32_t index)
{
    hosts->pulses[index].has_rule = true;
}

/* Watches */

static struct watch *watch_at(const struct alert_hosts *hosts, uint32_t index)
{
    return pool_at(&hosts->pool, index);
}

static void forget(struct alert_hosts *hosts, uint32_t index)
{
    list_remove(&hosts->quiet, index);
    table_remove(&hosts->table, watch_at(hosts, index)->hash, index);
    pool_give(&hosts->pool, index);
}

/* Nobody who does not know the key can choose hosts that look as one. */
static uint32_t hash_of(const struct alert_hosts *hosts,
                        const struct host *host)
{
    const uint64_t *secret = hosts->config.key.word;

    return hash_fold(hash_pair(host->addr.words[0], host->addr.words[1],
                               secret[1], secret[3]) +
                         hash_pair(host->vlan, 0, secret[0], secret[2]),
                     secret[5]);
}

static uint32_t find(const struct alert_hosts *hosts, const struct host *host,
                     uint32_t hash)
{
    struct table_cursor at = table_find(&hosts->table, hash);
    uint32_t index;

    while ((index = table_next(&hosts->table, &at)) != POOL_NONE) {
        const struct watch *watch = watch_at(hosts, index);

        if (watch->vlan == host->vlan && addr_equal(&watch->addr, &host->addr))
            return index;
    }
    return POOL_NONE;
}

/* The watch of a host that is suspicious now; POOL_NONE: no room. */
static uint32_t suspect(struct alert_hosts *hosts, const struct host *host,
                        uint32_t now_s)
{
    uint32_t hash = hash_of(hosts, host);
    uint32_t index = find(hosts, host, hash);
    struct watch *watch;

    if (index == POOL_NONE) {
        if (hosts->pool.count == ALERT_WATCHES &&
            hosts->quiet.head != POOL_NONE)
            forget(hosts, hosts->quiet.head);
        index = pool_take(&hosts->pool);
        if (index == POOL_NONE) {
            hosts->refused++;
            return POOL_NONE;
        }
        watch = watch_at(hosts, index);
        watch->addr = host->addr;
        watch->vlan = host->vlan;
        watch->hash = hash;
        table_insert(&hosts->table, hash, index);
        list_append(&hosts->quiet, index);
    }
    watch = watch_at(hosts, index);
    watch->last_s = now_s;
    if (watch->engaged == 0) {
        list_remove(&hosts->quiet, index);
        list_append(&hosts->quiet, index);
    }
    return index;
}

static void tell(const struct alert_hosts *hosts, const struct watch *watch,
                 enum alert_kind kind, enum alert_action action, uint64_t value,
                 uint64_t limit)
{
    struct alert_event event = {
        .kind = kind,
        .action = action,
        .when_us = hosts->now_us,
        .value = value,
        .limit = limit,
        .addr = watch->addr,
        .vlan = watch->vlan,
        .vendor = "",
    };

    hosts->config.tell(hosts->config.arg, &event);
}

static void engage(struct alert_hosts *hosts, uint32_t index,
                   enum alert_kind kind, uint64_t value, uint64_t limit)
{
    struct watch *watch = watch_at(hosts, index);

    watch->reasons[kind - FIRST_KIND].is_engaged = true;
    watch->reasons[kind - FIRST_KIND].peak = (uint32_t)value;
    watch->reasons[kind - FIRST_KIND].limit = (uint32_t)limit;
    if (watch->engaged++ == 0) {
        list_remove(&hosts->quiet, index);
        list_append(&hosts->engaged, index);
    }
    hosts->engaged_count++;
    tell(hosts, watch, kind, ALERT_ENGAGE, value, limit);
}

static void release(struct alert_hosts *hosts, uint32_t index,
                    enum alert_kind kind)
{
    struct watch *watch = watch_at(hosts, index);

    watch->reasons[kind - FIRST_KIND] = (struct reason){0};
    hosts->engaged_count--;
    if (--watch->engaged == 0) {
        list_remove(&hosts->engaged, index);
        list_append(&hosts->quiet, index);
    }
    tell(hosts, watch, kind, ALERT_RELEASE, 0, 0);
}

/* Reasons */

/* Silence since `last_s`; where the clock was set back, it begins now. */
static uint32_t quiet_s(uint32_t *last_s, uint32_t now_s)
{
    if (*last_s > now_s)
        *last_s = now_s;
    return now_s - *last_s;
}

static void check_reasons(struct alert_hosts *hosts, uint32_t index,
                          uint32_t now_s)
{
    for (unsigned i = 0; i < KINDS; i++) {
        struct reason *reason = &watch_at(hosts, index)->reasons[i];

        if (reason->is_engaged &&
            quiet_s(&reason->last_s, now_s) >= ALERT_QUIET_S)
            release(hosts, index, (enum alert_kind)(FIRST_KIND + i));
    }
}

void alert_hosts_tick(struct alert_hosts *hosts, int64_t now_us, float seconds)
{
    uint32_t now_s = (uint32_t)(now_us / 1000000);
    uint32_t next;

    hosts->now_us = now_us;
    hosts->seconds = seconds;
    for (uint32_t at = hosts->engaged.head; at != POOL_NONE; at = next) {
        next = list_link(&hosts->engaged, at)->next;
        check_reasons(hosts, at, now_s);
    }
    while (hosts->quiet.head != POOL_NONE &&
           quiet_s(&watch_at(hosts, hosts->quiet.head)->last_s, now_s) >=
               WATCH_S)
        forget(hosts, hosts->quiet.head);
}

void alert_hosts_retell(const struct alert_hosts *hosts)
{
    for (uint32_t at = hosts->engaged.head; at != POOL_NONE;
         at = list_link(&hosts->engaged, at)->next) {
        const struct watch *watch = watch_at(hosts, at);

        for (unsigned i = 0; i < KINDS; i++)
            if (watch->reasons[i].is_engaged)
                tell(hosts, watch, (enum alert_kind)(FIRST_KIND + i),
                     ALERT_ENGAGE, watch->reasons[i].peak,
                     watch->reasons[i].limit);
    }
}

void alert_hosts_release(struct alert_hosts *hosts)
{
    while (hosts->engaged.head != POOL_NONE) {
        uint32_t index = hosts->engaged.head;

        for (unsigned i = 0; i < KINDS; i++)
            if (watch_at(hosts, index)->reasons[i].is_engaged)
                release(hosts, index, (enum alert_kind)(FIRST_KIND + i));
    }
    while (hosts->quiet.head != POOL_NONE)
        forget(hosts, hosts->quiet.head);
}

/* Floods */

static const enum alert_kind flood_kinds[ALERT_RATES] = {
    [ALERT_RATE_FLOW_ATTACKER] = ALERT_FLOW_ATTACKER,
    [ALERT_RATE_FLOW_VICTIM] = ALERT_FLOW_VICTIM,
    [ALERT_RATE_SYN_ATTACKER] = ALERT_SYN_ATTACKER,
    [ALERT_RATE_SYN_VICTIM] = ALERT_SYN_VICTIM,
};

static uint32_t limit_of(const struct alert_hosts *hosts,
                         const struct pulse *pulse, const struct host *host,
                         enum alert_rate rate)
{
    const struct alert_limits *limits = NULL;

    if (pulse->has_rule)
        limits = alert_rules_find(hosts->config.rules, &host->addr, host->vlan);
    if (limits == NULL || limits->per_s[rate] == ALERT_LIMIT_COMMON)
        limits = &hosts->config.config->limits;
    return limits->per_s[rate];
}

/* The limit was passed in this second, to the value so far. */
static void flood(struct alert_hosts *hosts, const struct host *host,
                  enum alert_rate rate, uint32_t value, uint32_t limit,
                  uint32_t now_s)
{
    enum alert_kind kind = flood_kinds[rate];
    uint32_t index = suspect(hosts, host, now_s);
    struct reason *reason;

    if (index == POOL_NONE)
        return;
    reason = &watch_at(hosts, index)->reasons[kind - FIRST_KIND];
    if (reason->last_s != now_s) {
        uint32_t gap_s = now_s - reason->last_s;

        if (!reason->is_engaged && (float)gap_s > hosts->seconds + 0.5f) {
            reason->streak = 0;
            reason->peak = 0;
        }
        if (reason->streak < UINT8_MAX)
            reason->streak++;
        reason->last_s = now_s;
    }
    value = (uint32_t)((float)value / hosts->seconds);
    if (value > reason->peak)
        reason->peak = value;
    if (!reason->is_engaged && reason->streak >= ALERT_FLOOD_SECONDS)
        engage(hosts, index, kind, reason->peak, limit);
}

void alert_hosts_count(struct alert_hosts *hosts, uint32_t index,
                       const struct host *host, enum alert_rate rate,
                       uint32_t count, uint32_t now_s)
{
    struct pulse *pulse = &hosts->pulses[index];
    uint32_t limit;

    if (pulse->second != now_s) {
        pulse->second = now_s;
        memset(pulse->counts, 0, sizeof(pulse->counts));
    }
    if (count > UINT32_MAX - pulse->counts[rate])
        count = UINT32_MAX - pulse->counts[rate];
    pulse->counts[rate] += count;
    limit = limit_of(hosts, pulse, host, rate);
    if (limit != 0 &&
        (float)pulse->counts[rate] > (float)limit * hosts->seconds)
        flood(hosts, host, rate, pulse->counts[rate], limit, now_s);
}

/* Scans and slow clients */

static void set_minute(struct pulse *pulse, uint32_t now_s)
{
    uint16_t minute = (uint16_t)(now_s / MINUTE_S);

    if (pulse->minute == minute)
        return;
    pulse->minute = minute;
    pulse->failed = 0;
    pulse->slow = 0;
}

static void sketch_add(struct sketch *sketch, uint32_t hash)
{
    uint32_t bit = hash % SKETCH_BITS;
    uint8_t mask = (uint8_t)(1u << bit % 8);

    sketch->ones += (sketch->bits[bit / 8] & mask) == 0;
    sketch->bits[bit / 8] |= mask;
}

static uint32_t sketch_count(const struct sketch *sketch)
{
    unsigned zeros = SKETCH_BITS - sketch->ones;

    return (uint32_t)lround(-SKETCH_BITS *
                            log((zeros > 0 ? zeros : 0.5) / SKETCH_BITS));
}

/* The same holds for ports and hosts that are tried. */
static uint32_t target_hash(const struct alert_hosts *hosts, uint64_t a,
                            uint64_t b)
{
    const uint64_t *secret = hosts->config.key.word;

    return hash_fold(hash_pair(a, b, secret[1], secret[3]), secret[5]);
}

/* Engage at the limit, stay engaged at half of it. */
static void by_minute(struct alert_hosts *hosts, uint32_t index,
                      enum alert_kind kind, uint32_t value, uint32_t limit,
                      uint32_t now_s)
{
    struct reason *reason = &watch_at(hosts, index)->reasons[kind - FIRST_KIND];

    if (value < (reason->is_engaged ? limit / 2 : limit))
        return;
    reason->last_s = now_s;
    if (!reason->is_engaged)
        engage(hosts, index, kind, value, limit);
}

void alert_hosts_failed(struct alert_hosts *hosts, uint32_t index,
                        const struct host *host, const struct addr *server,
                        uint16_t port, uint32_t now_s)
{
    struct pulse *pulse = &hosts->pulses[index];
    struct watch *watch;
    uint32_t ports;
    uint32_t servers;
    uint32_t at;

    set_minute(pulse, now_s);
    if (pulse->failed < UINT8_MAX)
        pulse->failed++;
    if (pulse->failed < SCAN_SUSPECT ||
        (at = suspect(hosts, host, now_s)) == POOL_NONE)
        return;
    watch = watch_at(hosts, at);
    if (watch->minute != pulse->minute) {
        watch->minute = pulse->minute;
        watch->ports = (struct sketch){0};
        watch->hosts = (struct sketch){0};
    }
    sketch_add(&watch->ports, target_hash(hosts, port, 1));
    sketch_add(&watch->hosts,
               target_hash(hosts, server->words[0], server->words[1]));
    ports = sketch_count(&watch->ports);
    servers = sketch_count(&watch->hosts);
    by_minute(hosts, at, ALERT_SCAN, ports > servers ? ports : servers,
              ALERT_SCAN_TARGETS, now_s);
}

void alert_hosts_slow(struct alert_hosts *hosts, uint32_t index,
                      const struct host *host, uint32_t now_s)
{
    struct pulse *pulse = &hosts->pulses[index];
    uint32_t at;

    set_minute(pulse, now_s);
    if (pulse->slow < UINT8_MAX)
        pulse->slow++;
    if (pulse->slow < ALERT_SLOW_FLOWS / 2 ||
        (at = suspect(hosts, host, now_s)) == POOL_NONE)
        return;
    by_minute(hosts, at, ALERT_SLOW_CLIENT, pulse->slow, ALERT_SLOW_FLOWS,
              now_s);
}

struct alert_hosts_counters
alert_hosts_counters(const struct alert_hosts *hosts)
{
    return (struct alert_hosts_counters){
        .watched = hosts->pool.count,
        .engaged = hosts->engaged_count,
        .refused = hosts->refused,
    };
}
