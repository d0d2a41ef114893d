/* iface: all that one interface has seen. SPDX-License-Identifier: MIT */
/*
 * The way of a frame: decode, bring the clock to its time, take it in
 * (intake.h), which leaves its flow on the touched list. A tick moves that
 * list to the rolling one, and iface_work() hands the news of each flow on it
 * to all who count (rollup.h) and then ends the flows that were silent too
 * long.
 */
#include "core/model/iface.h"

#include <stdlib.h>
#include <string.h>

#include "core/model/alert_detect.h"
#include "core/model/engine.h"
#include "core/model/intake.h"
#include "core/model/network.h"
#include "core/model/rollup.h"
#include "core/util/mem.h"

#define SECOND_US 1000000
#define GROUPS_MAX 16384
#define DEVICES_MAX 32768
static_assert(DEVICES_MAX <= UINT16_MAX, "flows keep them in 16 bits");
static_assert(GROUPS_MAX <= UINT16_MAX, "hosts keep them in 16 bits");
#define LOCAL_HOST_IDLE_S 300
#define REMOTE_HOST_IDLE_S 60
#define DEVICE_IDLE_S 3600
#define MOVES_MAX 64 /* flows put behind others, of a class and slice */
#define HOST_COST 8  /* flows whose end takes as long as that of a kept host */
/* Of a tick's work, at once: most ticks have no more. */
#define TICK_FLOWS 128

static void host_gone(void *arg, const struct host *host)
{
    const struct iface *iface = arg;

    engine_host_gone(iface->engine, iface, host);
}

static void device_seen(void *arg, const struct device *device)
{
    struct iface *iface = arg;

    alert_detect_device(iface, device);
    engine_device_seen(iface->engine, iface, device);
}

static void device_gone(void *arg, const struct device *device)
{
    const struct iface *iface = arg;

    engine_device_gone(iface->engine, iface, device);
}

struct iface *iface_new(struct engine *engine, const char *name, uint16_t id,
                        bool is_live)
{
    const struct engine_config *config = engine_config(engine);
    struct iface *iface = mem_calloc(1, sizeof(*iface));
    struct hosts_config hosts = {
        .cap = config->max_hosts,
        .local_idle_s = config->keep_local ? HOSTS_NEVER : LOCAL_HOST_IDLE_S,
        .remote_idle_s = config->keep_remote ? HOSTS_NEVER : REMOTE_HOST_IDLE_S,
        .gone = host_gone,
        .arg = iface,
        .networks = config->networks,
        .locator = config->locator,
    };
    struct hash_key key;

    memcpy(key.word, config->seed, sizeof(key.word));
    iface->engine = engine;
    iface->name = mem_strdup(name);
    iface->id = id;
    iface->is_live = is_live;
    iface->halt_us = IFACE_NEVER;
    iface->decoder = decoder_new(config->tunnel_outer, key.word[0]);
    flows_init(&iface->flows, config->max_flows, &key);
    groups_init(&iface->groups, GROUPS_MAX, &key);
    devices_init(&iface->devices, DEVICES_MAX, &key, config->locator);
    hosts_init(&iface->hosts, &hosts, &key, &iface->groups, &iface->devices);
    namecache_init(&iface->names, &key);
    vhosts_init(&iface->vhosts, &key);
    devices_listen(&iface->devices, device_seen, device_gone, iface);
    iface->detect = alert_detect_new(iface);
    iface->apps = mem_calloc(DPI_APPS, sizeof(*iface->apps));
    iface->networks = mem_calloc(NETWORKS_MAX, sizeof(*iface->networks));
    iface->ring = mem_calloc(IFACE_RING_SECONDS, sizeof(*iface->ring));
    return iface;
}

void iface_free(struct iface *iface)
{
    uint32_t cursor = 0;
    uint32_t index;

    if (iface == NULL)
        return;
    while ((index = flows_next(&iface->flows, &cursor)) != POOL_NONE) {
        struct flow *flow = flows_at(&iface->flows, index);

        dpi_drop(engine_dpi(iface->engine), &flow->dpi);
    }
    flows_clear(&iface->flows);
    hosts_clear(&iface->hosts);
    devices_clear(&iface->devices);
    groups_clear(&iface->groups);
    vhosts_clear(&iface->vhosts);
    namecache_clear(&iface->names);
    alert_detect_free(iface->detect);
    decoder_free(iface->decoder);
    free(iface->past);
    free(iface->apps);
    free(iface->networks);
    free(iface->ring);
    free(iface->name);
    free(iface);
}

/* Seconds without packets leave no old numbers in the ring, nor do those that
 * are yet to come once the clock is set back. */
static void clear_ring(struct iface *iface, int64_t to_us)
{
    int64_t from_s = iface->now_us / SECOND_US + 1;
    int64_t to_s = to_us / SECOND_US;

    if (to_s + 1 < from_s) {
        int64_t before_s = from_s - 1;

        from_s = to_s + 1;
        to_s = before_s;
    }
    if (to_s - from_s >= IFACE_RING_SECONDS)
        from_s = to_s - IFACE_RING_SECONDS + 1;
    for (int64_t s = from_s; s <= to_s; s++)
        iface->ring[s % IFACE_RING_SECONDS] = (struct iface_second){0};
}

/* What came since the last second goes into the rate; observers hear. */
static void tell_second(struct iface *iface)
{
    const struct traffic *all = &iface->counters.all;

    rate_add(&iface->rate, iface_now_s(iface), all->bytes - iface->ticked.bytes,
             all->packets - iface->ticked.packets);
    iface->ticked = *all;
    engine_ticked(iface->engine, iface);
}

void iface_tick(struct iface *iface, int64_t now_us)
{
    clear_ring(iface, now_us);
    iface->now_us = now_us;
    tell_second(iface);
    if (iface->is_ticking)
        return;
    iface->tick_interval_us =
        iface->ticked_us != 0 ? now_us - iface->ticked_us : SECOND_US;
    iface->ticked_us = now_us;
    iface->tick++;
    alert_detect_tick(iface);
    flows_roll(&iface->flows);
    iface->is_ticking = true;
    (void)iface_work(iface, TICK_FLOWS);
}

/* The clock of a file begins, or goes on from where it was set back to. */
static void set_clock(struct iface *iface, int64_t when_us)
{
    iface->now_us = when_us;
    iface->ticked_us = when_us - when_us % SECOND_US;
}

/* When the tick is that a packet of this time finds undone: a second that had
 * packets ends for itself, silence behind it is one tick however long, but for
 * a halt in it. */
static int64_t next_tick(const struct iface *iface, int64_t when_us)
{
    int64_t second_us = when_us - when_us % SECOND_US;

    if (iface->counters.all.packets != iface->ticked.packets)
        return iface->ticked_us + SECOND_US;
    return iface->ticked_us < iface->halt_us && iface->halt_us < second_us
               ? iface->halt_us
               : second_us;
}

bool iface_catch_up(struct iface *iface, int64_t when_us)
{
    if (iface->is_live)
        return true;
    if (iface->first_us == 0 || when_us < iface->now_us - IFACE_BACKWARDS_US) {
        clear_ring(iface, when_us);
        set_clock(iface, when_us);
        if (iface->halt_us != IFACE_NEVER)
            iface->halt_us = 0;
    }
    while (!iface->is_ticking && !iface_is_halted(iface) &&
           when_us - iface->ticked_us >= SECOND_US)
        iface_tick(iface, next_tick(iface, when_us));
    iface->held_us = when_us;
    return !iface->is_ticking && !iface_is_halted(iface);
}

/* A file's clock is its packets' time. */
static void advance_clock(struct iface *iface, int64_t when_us)
{
    while (!iface_catch_up(iface, when_us)) {
        (void)iface_work(iface, UINT32_MAX);
        if (iface_is_halted(iface)) /* nobody was asked to wait */
            iface->halt_us = IFACE_NEVER;
    }
    if (iface->first_us == 0) {
        iface->first_us = when_us;
        if (iface->now_us == 0)
            set_clock(iface, when_us);
    }
    if (!iface->is_live && when_us > iface->now_us)
        iface->now_us = when_us;
}

void iface_frame(struct iface *iface, const struct frame *frame)
{
    struct packet packet;

    decode(iface->decoder, frame, &packet);
    advance_clock(iface, packet.when_us);
    iface->packet_us = packet.when_us;
    intake_packet(iface, &packet);
}

/*
 * The flows at the head of an idle list, found one by one as each names the
 * next: each look asks the processor for the flow that the next look reads,
 * so that nobody has to wait for it.
 */
struct ahead {
    uint32_t next; /* the one behind those below; POOL_NONE: none */
    unsigned count;
    uint32_t flows[ROLLUP_AHEAD];
};

static void ahead_look(struct ahead *ahead, const struct list *idle)
{
    if (ahead->next == POOL_NONE || ahead->count == ROLLUP_AHEAD)
        return;
    ahead->flows[ahead->count++] = ahead->next;
    ahead->next = list_link(idle, ahead->next)->next;
    pool_prefetch(idle->pool, ahead->next);
}

/* Before each flow that ends, the head of the list. */
static void ahead_of_end(struct iface *iface, struct ahead *ahead,
                         const struct list *idle, unsigned ended)
{
    if (ended == 0)
        *ahead = (struct ahead){.next = idle->head};
    if (ended % ROLLUP_AHEAD == 0) {
        for (unsigned i = 0; i < ROLLUP_AHEAD; i++)
            ahead_look(ahead, idle);
        rollup_prefetch_ends(iface, ahead->flows, ahead->count);
        ahead->count = 0;
    }
    ahead_look(ahead, idle);
}

/* End flows that were silent too long. @return how many of the budget are
 * left; 0 means that there may be more. */
static uint32_t expire_flows(struct iface *iface, uint32_t budget)
{
    const struct engine_config *config = engine_config(iface->engine);

    for (enum flow_class class = 0; class < FLOW_CLASSES; class ++) {
        const struct list *idle = &iface->flows.idle[class];
        int64_t limit_us = (int64_t)config->timeout_s[class] * SECOND_US;
        uint32_t moved = POOL_NONE;
        unsigned moves = MOVES_MAX;
        struct ahead ahead;
        unsigned ended = 0; /* since the last that did not */

        while (idle->head != POOL_NONE && idle->head != moved && budget > 0) {
            struct flow *flow = flows_at(&iface->flows, idle->head);
            bool is_to_come = flow->last_us > iface->now_us + SECOND_US;

            if (iface->now_us - flow->last_us < limit_us) {
                if (!flow_is_touched(flow) && !is_to_come)
                    break;
                /* Where all have news this would begin anew in each slice, and
                 * the tick that makes it old would never come. */
                if (moves-- == 0)
                    break;
                /* The clock was set back: its silence begins here. */
                if (is_to_come)
                    flow->last_us = iface->now_us;
                /* It is on its way to the lively end anyway. */
                if (moved == POOL_NONE)
                    moved = idle->head;
                flows_refresh(&iface->flows, idle->head, class);
                ended = 0;
            } else {
                ahead_of_end(iface, &ahead, idle, ended++);
                rollup_end(iface, idle->head, FLOW_END_IDLE);
            }
            budget--;
        }
    }
    return budget;
}

/* The first flows whose news wait. @return how many, `most` at most. */
static unsigned first_rolling(const struct flows *flows, uint32_t *batch,
                              unsigned most)
{
    uint32_t index = flows->rolling.head;
    unsigned count = 0;

    while (index != POOL_NONE && count < most) {
        const struct flow_news *news = pool_at(&flows->news, index);

        batch[count++] = news->flow;
        index = news->link.next;
    }
    return count;
}

/* Roll up flows of the tick. @return how many of the budget are left. */
static uint32_t roll_flows(struct iface *iface, uint32_t budget)
{
    struct flows *flows = &iface->flows;

    while (flows->rolling.head != POOL_NONE && budget > 0) {
        uint32_t batch[ROLLUP_AHEAD];
        unsigned count = first_rolling(
            flows, batch, budget < ROLLUP_AHEAD ? budget : ROLLUP_AHEAD);

        rollup_prefetch(iface, batch, count);
        for (unsigned i = 0; i < count; i++)
            rollup_tick(iface, batch[i]);
        budget -= count;
    }
    return budget;
}

static uint32_t expire_hosts(struct iface *iface, uint32_t now_s,
                             uint32_t budget)
{
    uint32_t most = budget / HOST_COST + 1;
    uint32_t used = hosts_expire(&iface->hosts, now_s, most);

    return used < most ? budget - used * HOST_COST : 0;
}

bool iface_work(struct iface *iface, uint32_t budget)
{
    uint32_t now_s = iface_now_s(iface);

    if (!iface->is_ticking)
        return false;
    budget = roll_flows(iface, budget);
    budget = expire_flows(iface, budget);
    if (budget > 0)
        budget = expire_hosts(iface, now_s, budget);
    if (budget > 0)
        budget -= devices_expire(&iface->devices, now_s, DEVICE_IDLE_S, budget);
    iface->is_ticking = budget == 0;
    return iface->is_ticking;
}

void iface_lost(struct iface *iface, const struct iface_drops *drops)
{
    struct iface_drops *known = &iface->counters.drops;
    uint64_t news =
        drops->kernel + drops->interface - known->kernel - known->interface;

    iface->ring[iface_now_s(iface) % IFACE_RING_SECONDS].drops +=
        (uint32_t)news;
    *known = *drops;
}

void iface_end(struct iface *iface, bool settles)
{
    int64_t end_us = iface->ticked_us + SECOND_US;

    if (!iface->is_live && iface->first_us != 0 &&
        (settles || iface->halt_us <= end_us))
        iface_tick(iface, end_us);
    iface->is_over = true;
}

void iface_reset(struct iface *iface, bool only_drops)
{
    iface->reset.drops = iface->counters.drops;
    if (!only_drops)
        iface->reset.all = iface->counters.all;
}

void iface_flush(struct iface *iface)
{
    uint32_t index;

    for (enum flow_class class = 0; class < FLOW_CLASSES; class ++)
        while ((index = iface->flows.idle[class].head) != POOL_NONE)
            rollup_end(iface, index, FLOW_END_FLUSH);
}

const struct iface_second *iface_second_at(const struct iface *iface,
                                           uint32_t second)
{
    uint32_t now_s = iface_now_s(iface);

    return second <= now_s && now_s - second < IFACE_RING_SECONDS
               ? &iface->ring[second % IFACE_RING_SECONDS]
               : NULL;
}

struct traffic iface_undecided(const struct iface *iface, enum way way)
{
    struct traffic rest = iface->rolled[way];

    for (uint16_t app = 0; app < DPI_APPS; app++)
        traffic_subtract(&rest, &iface->apps[app].traffic[way]);
    return rest;
}
