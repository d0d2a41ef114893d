/* iface: all that one interface has seen. SPDX-License-Identifier: MIT */
/*
 * The way of a frame: decode, count, find or begin its flow, update that one
 * flow, look into it while its application is undecided, and put the flow on
 * the touched list. A tick moves that list to the rolling one, and
 * iface_work() hands the news of each flow on it to all who count (rollup.h)
 * and then ends the flows that were silent too long.
 */
#include "core/model/iface.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/model/alert_detect.h"
#include "core/model/dialog.h"
#include "core/model/engine.h"
#include "core/model/network.h"
#include "core/model/rollup.h"
#include "core/util/mem.h"

#define SECOND_US 1000000
/* A packet this much older than the clock sets it back: a jump to the future
 * (a broken time stamp) must not freeze time-outs for good. */
#define BACKWARDS_US (3600LL * SECOND_US)
#define GROUPS_MAX 16384
#define DEVICES_MAX 32768
static_assert(DEVICES_MAX <= UINT16_MAX, "flows keep them in 16 bits");
static_assert(GROUPS_MAX <= UINT16_MAX, "hosts keep them in 16 bits");
#define LOCAL_HOST_IDLE_S 300
#define REMOTE_HOST_IDLE_S 60
#define DEVICE_IDLE_S 3600
/* Of a tick's work, at once: most ticks have no more. */
#define TICK_FLOWS 128
/* Roll up by force before 32 bits of fresh bytes could overflow. */
#define FRESH_BYTES_MAX (1u << 31)

static void host_gone(void *arg, const struct host *host)
{
    const struct iface *iface = arg;

    engine_host_gone(iface->engine, iface, host);
}

static void device_seen(void *arg, const struct device *device)
{
    alert_detect_device(arg, device);
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
    devices_listen(&iface->devices, device_seen, iface);
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
    namecache_clear(&iface->names);
    alert_detect_free(iface->detect);
    decoder_free(iface->decoder);
    free(iface->apps);
    free(iface->networks);
    free(iface->ring);
    free(iface->name);
    free(iface);
}

/* @return true when the flags are one of the combinations counted. */
static bool flags_class(uint8_t flags, enum packet_class *class)
{
    if ((flags & TCP_FLAG_RST) != 0)
        *class = FLAGS_RST;
    else if ((flags & TCP_FLAG_SYN) != 0)
        *class = (flags & TCP_FLAG_ACK) != 0 ? FLAGS_SYNACK : FLAGS_SYN;
    else if ((flags & (TCP_FLAG_FIN | TCP_FLAG_ACK)) ==
             (TCP_FLAG_FIN | TCP_FLAG_ACK))
        *class = FLAGS_FINACK;
    else
        return false;
    return true;
}

static void count_frame(struct iface *iface, const struct packet *packet)
{
    struct iface_counters *counters = &iface->counters;
    struct iface_second *second;
    enum packet_class class;

    counters->all.packets++;
    counters->all.bytes += packet->wire_len;
    counters->l3[packet->kind].packets++;
    counters->l3[packet->kind].bytes += packet->wire_len;
    counters->classes[packet_size_class(packet->wire_len)]++;
    counters->fragments += packet->is_fragment;
    counters->tunneled += packet->is_tunneled;
    iface->has_vlans |= packet->vlan != 0;
    iface->has_macs |= packet->has_mac;
    if (packet->malformed != MALFORMED_NONE)
        counters->malformed[packet->malformed]++;
    if (packet->l4_proto == IP_PROTO_TCP && packet->l4 != NULL &&
        flags_class(packet->tcp.flags, &class))
        counters->classes[class]++;
    second = &iface->ring[iface_now_s(iface) % IFACE_RING_SECONDS];
    second->packets++;
    second->bytes += packet->wire_len;
}

static void arp_device(struct iface *iface, const uint8_t mac[MAC_SIZE],
                       const struct packet *packet, enum way way)
{
    uint32_t index;
    struct device *device;

    if (mac_is_zero(mac))
        return;
    index = devices_get(&iface->devices, mac, packet->vlan, iface_now_s(iface));
    if (index == POOL_NONE)
        return;
    device = devices_at(&iface->devices, index);
    device->traffic[way].packets++;
    device->traffic[way].bytes += packet->wire_len;
    if (packet->arp.op == 1)
        device->arp_requests[way]++;
    else
        device->arp_replies[way]++;
    if (way == WAY_SENT) {
        /* A probe has none yet (RFC 5227, 1.1). */
        if (!addr_is_zero(&packet->arp.sender_ip))
            device->ip = packet->arp.sender_ip;
        devices_sends(&iface->devices, index);
    }
}

static void count_arp(struct iface *iface, const struct packet *packet)
{
    if (packet->arp.op == 1)
        iface->counters.arp_requests++;
    else if (packet->arp.op == 2)
        iface->counters.arp_replies++;
    else
        return;
    if (!packet->has_mac)
        return;
    arp_device(iface, packet->src_mac, packet, WAY_SENT);
    arp_device(iface, packet->dst_mac, packet, WAY_RCVD);
}

/* What is sent to a group or to all is no answer. */
static bool is_to_many(const struct packet *packet)
{
    return addr_is_multicast(&packet->dst) || addr_is_broadcast(&packet->dst) ||
           (packet->has_mac && mac_is_group(packet->dst_mac));
}

/* Only when the first packet was not the client's: a SYN-ACK tells, and with
 * no handshake seen a service's port does. */
static bool is_from_server(const struct packet *packet)
{
    if (packet->l4_proto == IP_PROTO_TCP &&
        (packet->tcp.flags & TCP_FLAG_SYN) != 0)
        return (packet->tcp.flags & TCP_FLAG_ACK) != 0;
    return packet->src_port != 0 && packet->src_port < 1024 &&
           packet->dst_port >= 1024 && !is_to_many(packet);
}

static uint16_t flow_device(struct iface *iface, const struct packet *packet,
                            const uint8_t mac[MAC_SIZE])
{
    uint32_t index;

    if (!packet->has_mac || mac_is_zero(mac))
        return POOL_NONE;
    index = devices_get(&iface->devices, mac, packet->vlan, iface_now_s(iface));
    devices_hold(&iface->devices, index);
    return (uint16_t)index;
}

/* Swap the ends of a key. */
static struct flow_key key_reverse(const struct flow_key *key)
{
    struct flow_key back = *key;

    back.addr[0] = key->addr[1];
    back.addr[1] = key->addr[0];
    back.port[0] = key->port[1];
    back.port[1] = key->port[0];
    return back;
}

static void begin_vlan(struct iface *iface, uint16_t vlan)
{
    char name[8];

    if (vlan == 0 || groups_find(&iface->groups, GROUP_VLAN, vlan) != POOL_NONE)
        return;
    snprintf(name, sizeof(name), "%u", vlan);
    (void)groups_get(&iface->groups, GROUP_VLAN, vlan, name,
                     iface_now_s(iface));
}

/* @return the index of the new flow, or POOL_NONE when there is no room. */
static uint32_t flow_begin(struct iface *iface, const struct packet *packet,
                           const struct flow_key *sender, uint32_t hash,
                           bool *from_server)
{
    struct flow_key key = *sender;
    struct flow *flow;
    uint32_t index;

    if (iface->flows.pool.count >= iface->flows.pool.cap) {
        uint32_t victim = flows_victim(&iface->flows);

        if (victim != POOL_NONE)
            rollup_end(iface, victim, FLOW_END_EVICTED);
    }
    *from_server = is_from_server(packet);
    if (*from_server)
        key = key_reverse(sender);
    index = flows_add(&iface->flows, &key, hash);
    if (index == POOL_NONE) {
        iface->counters.flows_refused++;
        return POOL_NONE;
    }
    flow = flows_at(&iface->flows, index);
    flow->first_us = packet->when_us;
    flow->last_us = packet->when_us;
    flow->device[*from_server] = flow_device(iface, packet, packet->src_mac);
    flow->device[!*from_server] = flow_device(iface, packet, packet->dst_mac);
    if (*from_server)
        flow->flags |= FLOW_SWAPPED;
    for (enum way way = 0; way < WAYS; way++)
        hosts_prefetch_slot(&iface->hosts, &key.addr[way], key.vlan);
    begin_vlan(iface, key.vlan);
    iface->counters.flows++;
    return index;
}

/* Since the packet before on this way. That one's time is kept in 32 bits,
 * which the flow's own last time completes. */
static uint32_t flow_gap(const struct flow *flow, const struct packet *packet,
                         enum way way)
{
    uint32_t before = (uint32_t)flow->last_us - flow->way_last_us[way];
    int64_t gap_us = packet->when_us - (flow->last_us - before);

    if (gap_us < 0)
        return 0; /* time went backwards */
    return gap_us < UINT32_MAX ? (uint32_t)gap_us : UINT32_MAX;
}

/* Times and sizes of one packet on its way. */
static void flow_count(struct flow *flow, const struct packet *packet,
                       enum way way)
{
    uint32_t now = (uint32_t)packet->when_us;

    if (flow_packets(flow, way) == 0) {
        flow->answered_us = now; /* what the other way's first sets again */
    } else {
        uint32_t gap = flow_gap(flow, packet, way);

        if (gap < flow->iat_min_us[way] || flow_packets(flow, way) == 1)
            flow->iat_min_us[way] = gap;
        if (gap > flow->iat_max_us[way])
            flow->iat_max_us[way] = gap;
    }
    flow->way_last_us[way] = now;
    if (packet->when_us > flow->last_us)
        flow->last_us = packet->when_us;
    flow->fresh.packets[way]++;
    flow->fresh.bytes[way] += packet->wire_len;
    flow->fresh.goodput[way] += packet->payload_wire_len;
}

/* @return true when a fresh counter is full. */
static bool flow_classify(struct flow *flow, const struct packet *packet,
                          enum way way)
{
    uint8_t *classes = flow->classes[way];
    enum packet_class class = packet_size_class(packet->wire_len);
    bool is_full = ++classes[class] == UINT8_MAX;

    if (packet->l4_proto == IP_PROTO_TCP && packet->l4 != NULL &&
        flags_class(packet->tcp.flags, &class))
        is_full |= ++classes[class] == UINT8_MAX;
    return is_full;
}

/* Who looks into a message next may want the hosts: nDPI takes long enough to
 * get them. */
static void expect_hosts(const struct iface *iface, const struct flow *flow)
{
    if ((flow->flags & FLOW_HANDED) != 0)
        return;
    for (enum way way = 0; way < WAYS; way++)
        hosts_prefetch(&iface->hosts, &flow->key.addr[way], flow->key.vlan);
}

static void flow_look_into(struct iface *iface, struct flow *flow,
                           const struct packet *packet)
{
    struct dpi_verdict verdict = {
        .master = flow->master, .app = flow->app, .category = flow->category};

    if (packet->payload_len > 0)
        expect_hosts(iface, flow);
    dpi_packet(engine_dpi(iface->engine), &flow->dpi, packet, &verdict,
               &flow->attrs);
    flow->app = verdict.app;
    flow->master = verdict.master;
    flow->category = verdict.category;
    if (verdict.is_final)
        flow->flags |= FLOW_DPI_DONE;
    if (verdict.is_guess)
        flow->flags |= FLOW_APP_GUESSED;
}

static void flow_packet(struct iface *iface, uint32_t index,
                        const struct packet *packet, bool from_server)
{
    struct flow *flow = flows_at(&iface->flows, index);
    enum way way = from_server ? WAY_RCVD : WAY_SENT;
    struct tcp *tcp = flows_tcp(&iface->flows, flow);
    bool is_full;

    if (flow->fresh.bytes[way] >= FRESH_BYTES_MAX ||
        packet->wire_len >= FRESH_BYTES_MAX)
        rollup_flow(iface, index);
    flow_count(flow, packet, way);
    is_full = flow_classify(flow, packet, way);
    if (tcp != NULL && packet->l4 != NULL)
        is_full |= tcp_segment(tcp, packet, from_server);
    else if (l4_group(packet->l4_proto) == L4_ICMP && !from_server) {
        flow->icmp.type = packet->icmp.type;
        flow->icmp.code = packet->icmp.code;
    }
    if (flow->class == FLOW_TCP_OPENING && tcp != NULL &&
        tcp->state != TCP_STATE_OPENING)
        flows_refresh(&iface->flows, index, flow_class_of(flow, tcp));
    if (packet->is_fragment)
        flow->flags |= FLOW_FRAGMENTS;
    if ((flow->flags & FLOW_DPI_DONE) == 0)
        flow_look_into(iface, flow, packet);
    dialog_packet(iface, flow, packet, from_server);
    flows_touch(&iface->flows, index);
    if (is_full)
        rollup_flow(iface, index);
}

/* The flow ended before this packet, though nobody has ended it yet: it was
 * silent too long, or the connection closed and its ports began another. And
 * where the clock was set back, no time of the old flow would be right. */
static bool is_over(const struct iface *iface, uint32_t index,
                    const struct packet *packet, bool from_server)
{
    const struct engine_config *config = engine_config(iface->engine);
    const struct flow *flow = flows_at(&iface->flows, index);
    const struct tcp *tcp = flows_tcp(&iface->flows, flow);

    if (packet->when_us - flow->last_us >=
            (int64_t)config->timeout_s[flow_class_of(flow, tcp)] * SECOND_US ||
        packet->when_us < flow->last_us - BACKWARDS_US)
        return true;
    return tcp != NULL && packet->l4 != NULL &&
           tcp_is_reopened_by(tcp, packet, from_server);
}

static void ip_packet(struct iface *iface, const struct packet *packet)
{
    struct flow_key key;
    bool from_server;
    uint32_t hash;
    uint32_t index;

    if (!flow_key_of(packet, &key))
        return;
    hash = flows_hash(&iface->flows, &key);
    index = flows_find(&iface->flows, &key, hash, &from_server);
    if (index != POOL_NONE && is_over(iface, index, packet, from_server)) {
        rollup_end(iface, index, FLOW_END_REUSED);
        index = POOL_NONE;
    }
    if (index == POOL_NONE)
        index = flow_begin(iface, packet, &key, hash, &from_server);
    if (index != POOL_NONE)
        flow_packet(iface, index, packet, from_server);
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
    if (iface->first_us == 0 || when_us < iface->now_us - BACKWARDS_US) {
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
    count_frame(iface, &packet);
    if (packet.ip_version != 0)
        ip_packet(iface, &packet);
    else if (packet.kind == L3_ARP)
        count_arp(iface, &packet);
}

/* The first flows of a list. @return how many there are, `most` at most. */
static unsigned first_of(const struct list *list, uint32_t *flows,
                         unsigned most)
{
    unsigned count = 0;

    for (uint32_t index = list->head; index != POOL_NONE && count < most;
         index = list_link(list, index)->next)
        flows[count++] = index;
    return count;
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
        uint32_t ahead[ROLLUP_AHEAD];
        unsigned ended = 0;

        while (idle->head != POOL_NONE && idle->head != moved && budget > 0) {
            struct flow *flow = flows_at(&iface->flows, idle->head);
            bool is_to_come = flow->last_us > iface->now_us + SECOND_US;

            if (iface->now_us - flow->last_us < limit_us) {
                if ((flow->flags & FLOW_TOUCHED) == 0 && !is_to_come)
                    break;
                /* The clock was set back: its silence begins here. */
                if (is_to_come)
                    flow->last_us = iface->now_us;
                /* It is on its way to the lively end anyway. */
                if (moved == POOL_NONE)
                    moved = idle->head;
                flows_refresh(&iface->flows, idle->head, class);
            } else {
                if (ended++ % ROLLUP_AHEAD == 0)
                    rollup_prefetch_ends(iface, ahead,
                                         first_of(idle, ahead, ROLLUP_AHEAD));
                rollup_end(iface, idle->head, FLOW_END_IDLE);
            }
            budget--;
        }
    }
    return budget;
}

/* Roll up flows of the tick. @return how many of the budget are left. */
static uint32_t roll_flows(struct iface *iface, uint32_t budget)
{
    struct flows *flows = &iface->flows;

    while (flows->rolling.head != POOL_NONE && budget > 0) {
        uint32_t batch[ROLLUP_AHEAD];
        unsigned count =
            first_of(&flows->rolling, batch,
                     budget < ROLLUP_AHEAD ? budget : ROLLUP_AHEAD);

        rollup_prefetch(iface, batch, count);
        for (unsigned i = 0; i < count; i++) {
            flows_untouch(flows, batch[i]);
            rollup_tick(iface, batch[i]);
        }
        budget -= count;
    }
    return budget;
}

bool iface_work(struct iface *iface, uint32_t budget)
{
    uint32_t now_s = iface_now_s(iface);

    if (!iface->is_ticking)
        return false;
    budget = roll_flows(iface, budget);
    budget = expire_flows(iface, budget);
    if (budget > 0)
        budget -= hosts_expire(&iface->hosts, now_s, budget);
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

uint64_t iface_malformed(const struct iface *iface)
{
    uint64_t sum = 0;

    for (unsigned reason = 1; reason < MALFORMED_COUNT; reason++)
        sum += iface->counters.malformed[reason];
    return sum;
}
