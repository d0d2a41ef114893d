/* alert_detect: what is wrong with one interface. SPDX-License-Identifier: MIT
 */
#include "core/model/alert_detect.h"

#include <stdlib.h>
#include <string.h>

#include "core/model/engine.h"
#include "core/model/iface_sums.h"
#include "core/util/mem.h"

#define WINDOW_S 60
/* A Bloom filter of MACs: 128 KiB tell 65536 of them apart from new ones, but
 * for one of four hundred. */
#define KNOWN_BITS (1u << 20)
#define KNOWN_PROBES 4
/* States of the interface itself. */
#define IFACE_KINDS (ALERT_LINK_DOWN + 1)

struct state {
    bool is_engaged;
    uint32_t last_s; /* it was so */
    uint64_t value;  /* when it began */
    uint64_t limit;
};

/* A bucket that fills with time. */
struct allowance {
    uint32_t left;
    uint32_t filled_s;
};

struct alert_detect {
    struct iface *iface;
    struct alert_hosts *hosts;
    struct state states[IFACE_KINDS];
    uint64_t evicted[2]; /* flows, hosts: at the last tick */
    uint64_t malformed;
    uint32_t malformed_of[WINDOW_S]; /* by second, as the interface's ring */
    uint32_t ticked_s;
    uint32_t began_s;
    uint32_t flows_told; /* since the last tick */
    bool was_on;
    bool has_learnt;
    struct allowance devices[2]; /* with an address of a maker, of their own */
    uint8_t *known;              /* bits; NULL for files */
    uint64_t flows_left_out;
    uint64_t devices_left_out;
};

static const struct alert_config *config_of(const struct iface *iface)
{
    return engine_alerts(iface->engine);
}

static bool is_on(const struct iface *iface)
{
    return config_of(iface)->is_on;
}

static void tell(void *arg, struct alert_event *event)
{
    const struct alert_detect *detect = arg;

    engine_alert(detect->iface->engine, detect->iface, event);
}

static struct hash_key key_of(const struct iface *iface)
{
    struct hash_key key;

    memcpy(key.word, engine_config(iface->engine)->seed, sizeof(key.word));
    return key;
}

struct alert_detect *alert_detect_new(struct iface *iface)
{
    struct alert_detect *detect = mem_calloc(1, sizeof(*detect));
    struct alert_hosts_config config = {
        .cap = engine_config(iface->engine)->max_hosts,
        .key = key_of(iface),
        .config = config_of(iface),
        .rules = engine_alert_rules(iface->engine),
        .tell = tell,
        .arg = detect,
    };

    detect->iface = iface;
    detect->hosts = alert_hosts_new(&config);
    detect->devices[0].left = ALERT_DEVICES_BURST;
    detect->devices[1].left = ALERT_RANDOM_DEVICES_BURST;
    if (iface->is_live)
        detect->known = mem_map(KNOWN_BITS / 8);
    return detect;
}

void alert_detect_free(struct alert_detect *detect)
{
    if (detect == NULL)
        return;
    if (detect->known != NULL)
        mem_unmap(detect->known, KNOWN_BITS / 8);
    alert_hosts_free(detect->hosts);
    free(detect);
}

/* Hosts and flows */

void alert_detect_prefetch(const struct iface *iface, uint32_t host)
{
    if (host != POOL_NONE)
        alert_hosts_prefetch(iface->detect->hosts, host);
}

void alert_detect_host(struct iface *iface, uint32_t index,
                       const struct host *host)
{
    alert_hosts_begin(iface->detect->hosts, index, host);
}

void alert_detect_ruled(struct iface *iface, uint32_t index)
{
    alert_hosts_ruled(iface->detect->hosts, index);
}

/* Groups of hosts neither attack nor suffer. */
static const struct host *host_of(const struct iface *iface,
                                  const struct flow *flow, enum way way)
{
    const struct host *host;

    if (flow->host[way] == POOL_NONE)
        return NULL;
    host = hosts_at(&iface->hosts, flow->host[way]);
    return (host->flags & (HOST_BROADCAST | HOST_MULTICAST)) == 0 ? host : NULL;
}

static void count(struct iface *iface, const struct flow *flow, enum way way,
                  enum alert_rate rate, uint32_t number)
{
    const struct host *host = host_of(iface, flow, way);

    if (host != NULL)
        alert_hosts_count(iface->detect->hosts, flow->host[way], host, rate,
                          number, iface_now_s(iface));
}

void alert_detect_flow(struct iface *iface, const struct flow *flow)
{
    if (!is_on(iface))
        return;
    count(iface, flow, WAY_SENT, ALERT_RATE_FLOW_ATTACKER, 1);
    count(iface, flow, WAY_RCVD, ALERT_RATE_FLOW_VICTIM, 1);
}

/* A server under attack may well answer: what counts is whether there is a
 * connection once the second is over. */
void alert_detect_delta(struct iface *iface, const struct flow *flow,
                        const struct delta *delta)
{
    uint32_t syns = delta->classes[WAY_SENT][FLAGS_SYN];
    const struct tcp *tcp;

    if (syns == 0 || !is_on(iface))
        return;
    tcp = flows_tcp(&iface->flows, flow);
    if (tcp == NULL || tcp_is_established(tcp))
        return;
    count(iface, flow, WAY_SENT, ALERT_RATE_SYN_ATTACKER, syns);
    count(iface, flow, WAY_RCVD, ALERT_RATE_SYN_VICTIM, syns);
}

static void tell_flow(struct iface *iface, const struct flow *flow,
                      const struct tcp *tcp, enum alert_kind kind)
{
    struct alert_detect *detect = iface->detect;
    struct alert_event event = {
        .kind = kind,
        .action = ALERT_ONCE,
        .when_us = iface->now_us,
        .vlan = flow->key.vlan,
        .vendor = "",
        .flow = flow,
        .tcp = tcp,
    };

    if (detect->flows_told == ALERT_FLOWS_PER_TICK) {
        detect->flows_left_out++;
        return;
    }
    detect->flows_told++;
    tell(detect, &event);
}

void alert_detect_flow_end(struct iface *iface, const struct flow *flow)
{
    const struct alert_config *config = config_of(iface);
    const struct tcp *tcp = flows_tcp(&iface->flows, flow);
    const struct host *client = host_of(iface, flow, WAY_SENT);
    enum flow_status status;

    if (!config->is_on)
        return;
    if (config->certificates && flow->attrs != NULL &&
        dpi_risks_certificate(attrs_number(flow->attrs, ATTR_RISKS, 0)))
        tell_flow(iface, flow, tcp, ALERT_FLOW_CERTIFICATE);
    if (tcp == NULL)
        return;
    status = flow_status(flow, tcp, iface->now_us);
    switch (status) {
    case FLOW_STATUS_SYN_PROBING:
    case FLOW_STATUS_TCP_PROBING:
    case FLOW_STATUS_REFUSED:
        if (client != NULL)
            alert_hosts_failed(iface->detect->hosts, flow->host[WAY_SENT],
                               client, &flow->key.addr[WAY_RCVD],
                               flow->key.port[WAY_RCVD], iface_now_s(iface));
        if (config->probing && status != FLOW_STATUS_REFUSED)
            tell_flow(iface, flow, tcp, ALERT_FLOW_PROBING);
        break;
    case FLOW_STATUS_SLOW_TCP:
    case FLOW_STATUS_SLOW_HEADER:
    case FLOW_STATUS_SLOW_DATA:
    case FLOW_STATUS_LOW_GOODPUT:
        if (client != NULL)
            alert_hosts_slow(iface->detect->hosts, flow->host[WAY_SENT], client,
                             iface_now_s(iface));
        break;
    default:
        break;
    }
}

/* Devices */

/* @return true when it had been there before; it is from now on. */
static bool know(struct alert_detect *detect, const uint8_t mac[MAC_SIZE],
                 uint16_t vlan)
{
    struct hash_key key = key_of(detect->iface);
    uint64_t word = vlan;
    bool was_known = true;

    for (unsigned i = 0; i < MAC_SIZE; i++)
        word = word << 8 | mac[i];
    for (unsigned i = 0; i < KNOWN_PROBES; i++) {
        uint32_t bit = hash_fold(hash_pair(word, i, key.word[i], key.word[6]),
                                 key.word[i + 1]) %
                       KNOWN_BITS;
        uint8_t mask = (uint8_t)(1u << bit % 8);

        was_known &= (detect->known[bit / 8] & mask) != 0;
        detect->known[bit / 8] |= mask;
    }
    return was_known;
}

static bool is_allowed(struct allowance *allowance, uint32_t now_s,
                       uint32_t burst, uint32_t each_s)
{
    uint32_t more;

    if (allowance->filled_s == 0 || allowance->filled_s > now_s)
        allowance->filled_s = now_s;
    more = (now_s - allowance->filled_s) / each_s;
    allowance->filled_s += more * each_s;
    allowance->left =
        more < burst - allowance->left ? allowance->left + more : burst;
    if (allowance->left == 0)
        return false;
    allowance->left--;
    return true;
}

void alert_detect_device(struct iface *iface, const struct device *device)
{
    struct alert_detect *detect = iface->detect;
    uint32_t now_s = iface_now_s(iface);
    bool is_random = (device->mac[0] & 2) != 0;
    struct alert_event event = {
        .kind = ALERT_NEW_DEVICE,
        .action = ALERT_ONCE,
        .when_us = iface->now_us,
        .addr = device->ip,
        .vlan = device->vlan,
        .vendor = device->vendor,
    };

    if (detect->known == NULL || mac_is_group(device->mac) ||
        know(detect, device->mac, device->vlan))
        return;
    if (!is_on(iface) ||
        (!detect->has_learnt &&
         (detect->began_s == 0 || now_s - detect->began_s < ALERT_LEARN_S)))
        return;
    if (!is_allowed(
            &detect->devices[is_random], now_s,
            is_random ? ALERT_RANDOM_DEVICES_BURST : ALERT_DEVICES_BURST,
            is_random ? ALERT_RANDOM_DEVICES_EACH_S : ALERT_DEVICES_EACH_S)) {
        detect->devices_left_out++;
        return;
    }
    memcpy(event.mac, device->mac, MAC_SIZE);
    tell(detect, &event);
}

void alert_detect_know(struct iface *iface, const uint8_t mac[MAC_SIZE],
                       uint16_t vlan)
{
    if (iface->detect->known != NULL)
        (void)know(iface->detect, mac, vlan);
}

void alert_detect_learnt(struct iface *iface)
{
    iface->detect->has_learnt = true;
}

/* The interface itself */

static void tell_event(struct alert_detect *detect, enum alert_kind kind,
                       enum alert_action action)
{
    const struct state *state = &detect->states[kind];
    struct alert_event event = {
        .kind = kind,
        .action = action,
        .when_us = detect->iface->now_us,
        .value = state->value,
        .limit = state->limit,
        .vendor = "",
    };

    tell(detect, &event);
}

/* It begins or is over. */
static void tell_state(struct alert_detect *detect, enum alert_kind kind,
                       uint64_t value, uint64_t limit)
{
    struct state *state = &detect->states[kind];

    state->is_engaged = !state->is_engaged;
    state->value = value;
    state->limit = limit;
    tell_event(detect, kind, state->is_engaged ? ALERT_ENGAGE : ALERT_RELEASE);
}

static void set_state(struct alert_detect *detect, enum alert_kind kind,
                      bool is_so, uint64_t value, uint64_t limit)
{
    struct state *state = &detect->states[kind];
    uint32_t now_s = iface_now_s(detect->iface);

    if (is_so || state->last_s > now_s)
        state->last_s = now_s;
    if (is_so ? !state->is_engaged
              : state->is_engaged && now_s - state->last_s >= ALERT_QUIET_S)
        tell_state(detect, kind, is_so ? value : 0, is_so ? limit : 0);
}

void alert_detect_link(struct iface *iface, bool is_up)
{
    struct alert_detect *detect = iface->detect;
    struct state *state = &detect->states[ALERT_LINK_DOWN];

    /* Kept though alerts may be off, to be told when they are on again. */
    state->last_s = !is_up;
    if (is_on(iface) && iface->now_us != 0 && state->is_engaged == is_up)
        tell_state(detect, ALERT_LINK_DOWN, 0, 0);
}

/* Flows and hosts for which there was no room. */
static void count_evicted(const struct iface *iface, uint64_t gone[2])
{
    gone[0] = iface->counters.flows_evicted + iface->counters.flows_refused;
    gone[1] = iface->hosts.evicted + iface->hosts.refused;
}

static void check_full(struct alert_detect *detect)
{
    const struct iface *iface = detect->iface;
    uint64_t gone[2];
    uint32_t caps[2] = {iface->flows.pool.cap, iface->hosts.pool.cap};

    count_evicted(iface, gone);
    for (unsigned i = 0; i < 2; i++) {
        uint64_t news = gone[i] - detect->evicted[i];

        set_state(detect, i == 0 ? ALERT_FLOWS_FULL : ALERT_HOSTS_FULL,
                  news > 0, news, caps[i]);
        detect->evicted[i] = gone[i];
    }
}

/* Engage from a share of the last minute on. */
static void check_share(struct alert_detect *detect, enum alert_kind kind,
                        uint64_t part, uint64_t whole, uint32_t percent)
{
    bool is_so = part >= ALERT_SHARE_PACKETS && part * 100 >= whole * percent;

    set_state(detect, kind, is_so, is_so ? part * 100 / whole : 0, percent);
}

/* Seconds without a tick had nothing; a clock that jumps forgets all. */
static void put_malformed(struct alert_detect *detect, uint32_t now_s)
{
    uint64_t all = iface_malformed(detect->iface);
    uint32_t passed = now_s - detect->ticked_s;

    if (passed > WINDOW_S)
        passed = WINDOW_S;
    for (uint32_t i = 0; i < passed; i++)
        detect->malformed_of[(now_s - i) % WINDOW_S] = 0;
    detect->malformed_of[now_s % WINDOW_S] +=
        (uint32_t)(all - detect->malformed);
    detect->malformed = all;
    detect->ticked_s = now_s;
}

static void check_shares(struct alert_detect *detect)
{
    const struct iface *iface = detect->iface;
    uint32_t now_s = iface_now_s(iface);
    uint64_t packets = 0;
    uint64_t drops = 0;
    uint64_t malformed = 0;

    put_malformed(detect, now_s);
    for (uint32_t i = 0; i < WINDOW_S; i++) {
        const struct iface_second *second = iface_second_at(iface, now_s - i);

        packets += second != NULL ? second->packets : 0;
        drops += second != NULL ? second->drops : 0;
        malformed += detect->malformed_of[i];
    }
    check_share(detect, ALERT_DROPS, drops, packets + drops,
                ALERT_DROPS_PERCENT);
    check_share(detect, ALERT_MALFORMED, malformed, packets,
                ALERT_MALFORMED_PERCENT);
}

void alert_detect_off(struct iface *iface)
{
    struct alert_detect *detect = iface->detect;

    alert_hosts_release(detect->hosts);
    for (unsigned kind = 0; kind < IFACE_KINDS; kind++)
        if (detect->states[kind].is_engaged)
            tell_state(detect, (enum alert_kind)kind, 0, 0);
    detect->was_on = false;
}

void alert_detect_retell(const struct iface *iface)
{
    struct alert_detect *detect = iface->detect;

    alert_hosts_retell(detect->hosts);
    for (unsigned kind = 0; kind < IFACE_KINDS; kind++)
        if (detect->states[kind].is_engaged)
            tell_event(detect, (enum alert_kind)kind, ALERT_ENGAGE);
}

void alert_detect_tick(struct iface *iface)
{
    struct alert_detect *detect = iface->detect;
    float seconds = (float)iface->tick_interval_us / 1e6f;

    if (detect->began_s == 0)
        detect->began_s = iface_now_s(iface);
    detect->flows_told = 0;
    if (!is_on(iface)) {
        count_evicted(iface, detect->evicted);
        return;
    }
    if (!detect->was_on) {
        alert_detect_link(iface, detect->states[ALERT_LINK_DOWN].last_s == 0);
        detect->was_on = true;
    }
    alert_hosts_tick(detect->hosts, iface->now_us, seconds > 1 ? seconds : 1);
    check_full(detect);
    check_shares(detect);
}

struct alert_detect_counters alert_detect_counters(const struct iface *iface)
{
    return (struct alert_detect_counters){
        .hosts = alert_hosts_counters(iface->detect->hosts),
        .flows_left_out = iface->detect->flows_left_out,
        .devices_left_out = iface->detect->devices_left_out,
    };
}
