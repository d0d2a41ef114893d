/* host: one address and what it does. SPDX-License-Identifier: MIT */
#include "core/model/host.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/packet/dpi.h"
#include "core/util/mem.h"
#include "core/util/utf8.h"

#define NAME_MAX_BYTES 127
#define SECONDS_PER_DAY 86400
#define APPS_AT_FIRST 1
/* Of a hash whose 58 bits besides those that choose a register are zero. */
#define CONTACT_RANK_MAX 59

void host_clear(struct host *host)
{
    if (host->local != NULL) {
        for (enum way way = 0; way < WAYS; way++) {
            free(host->local->dns[way]);
            free(host->local->http[way]);
        }
        free(host->local->icmp);
    }
    free(host->local);
    free(host->apps);
    free(host->l4_more);
    free(host->classes_more);
    free(host->name);
    free(host->city);
}

/* The place of an application in the sorted array, or where it belongs. */
static unsigned app_place(const struct host *host, uint16_t app)
{
    unsigned low = 0;
    unsigned high = host->apps_count;

    while (low < high) {
        unsigned middle = (low + high) / 2;

        if (host->apps[middle].app < app)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct host_app *host_app(const struct host *host, uint16_t app)
{
    unsigned place = app_place(host, app);

    return place < host->apps_count && host->apps[place].app == app
               ? &host->apps[place]
               : NULL;
}

struct traffic host_app_traffic(const struct host *host, uint16_t app,
                                enum way way)
{
    const struct host_app *known = host_app(host, app);
    struct traffic traffic =
        known != NULL ? known->traffic[way] : (struct traffic){0, 0};
    struct traffic rest;

    if (app != 0)
        return traffic;
    rest = host_traffic(host, way);
    for (unsigned i = 0; i < host->apps_count; i++)
        traffic_subtract(&rest, &host->apps[i].traffic[way]);
    traffic.packets += rest.packets;
    traffic.bytes += rest.bytes;
    return traffic;
}

static struct host_app *app_get(struct host *host, uint16_t app)
{
    unsigned place = app_place(host, app);

    assert(app < DPI_APPS); /* which bounds the array */
    if (place < host->apps_count && host->apps[place].app == app)
        return &host->apps[place];
    if (host->apps_count == host->apps_size) {
        host->apps_size = host->apps_size == 0
                              ? APPS_AT_FIRST
                              : (uint16_t)(host->apps_size * 2);
        host->apps =
            mem_realloc(host->apps, host->apps_size, sizeof(*host->apps));
    }
    memmove(&host->apps[place + 1], &host->apps[place],
            (host->apps_count - place) * sizeof(*host->apps));
    host->apps[place] = (struct host_app){.app = app};
    host->apps_count++;
    return &host->apps[place];
}

static void add_app(struct host *host, const struct delta *delta, enum way way)
{
    struct host_app *app = app_get(host, delta->app);

    app->flows += delta->is_new_app;
    if (app->last_s != delta->now_s) {
        app->last_s = delta->now_s;
        app->duration_s++;
    }
    for (enum way w = 0; w < WAYS; w++) {
        const struct traffic *from = &delta->app_traffic[w ^ way];

        app->traffic[w].packets += from->packets;
        app->traffic[w].bytes += from->bytes;
    }
}

void host_add_app(struct host *host, const struct host_app *more)
{
    struct host_app *app = app_get(host, more->app);

    app->flows += more->flows;
    app->duration_s += more->duration_s;
    for (enum way way = 0; way < WAYS; way++) {
        app->traffic[way].packets += more->traffic[way].packets;
        app->traffic[way].bytes += more->traffic[way].bytes;
    }
}

/* How many of a host's L4 groups come before this one: its place among
 * them. */
static unsigned l4_place(const struct host *host, enum l4_group group)
{
    unsigned place = 0;

    for (enum l4_group before = 0; before < group; before++)
        place += host->l4_groups >> before & 1;
    return place;
}

static struct host_l4 *l4_at(const struct host *host, unsigned place)
{
    return place == 0 ? (struct host_l4 *)&host->l4 : &host->l4_more[place - 1];
}

static struct host_l4 *l4_make(struct host *host, enum l4_group group)
{
    unsigned count = l4_place(host, L4_GROUPS);
    unsigned place = l4_place(host, group);

    if (count > 0)
        host->l4_more =
            mem_realloc(host->l4_more, count, sizeof(*host->l4_more));
    for (unsigned i = count; i > place; i--)
        *l4_at(host, i) = *l4_at(host, i - 1);
    host->l4_groups |= (uint8_t)(1u << group);
    *l4_at(host, place) = (struct host_l4){0};
    return l4_at(host, place);
}

static struct host_l4 *l4_get(struct host *host, enum l4_group group)
{
    return (host->l4_groups >> group & 1) != 0
               ? l4_at(host, l4_place(host, group))
               : l4_make(host, group);
}

struct traffic host_l4(const struct host *host, enum l4_group group,
                       enum way way)
{
    return (host->l4_groups >> group & 1) != 0
               ? l4_at(host, l4_place(host, group))->traffic[way]
               : (struct traffic){0, 0};
}

void host_add_l4(struct host *host, enum l4_group group, enum way way,
                 const struct traffic *more)
{
    struct traffic *to;

    if ((more->packets | more->bytes) == 0)
        return;
    to = &l4_get(host, group)->traffic[way];
    to->packets += more->packets;
    to->bytes += more->bytes;
}

struct traffic host_traffic(const struct host *host, enum way way)
{
    struct traffic sum = {0, 0};

    for (unsigned i = 0; i < l4_place(host, L4_GROUPS); i++) {
        sum.packets += l4_at(host, i)->traffic[way].packets;
        sum.bytes += l4_at(host, i)->traffic[way].bytes;
    }
    return sum;
}

void host_add_class(struct host *host, enum way way, enum packet_class class,
                    uint32_t more)
{
    uint32_t sum = host->classes[way][class] + (more & UINT8_MAX);

    host->classes[way][class] = (uint8_t)sum;
    sum = (sum >> 8) + (more >> 8);
    if (sum == 0)
        return;
    if (host->classes_more == NULL)
        host->classes_more = mem_calloc(WAYS, sizeof(*host->classes_more));
    host->classes_more[way][class] += sum;
}

/*
 * Add eight bytes to eight others, each for itself (Warren, Hacker's Delight,
 * 2-18). @return false when one of them gets to 256.
 */
static bool add_eight(uint64_t *to, uint64_t more)
{
    const uint64_t high = UINT64_C(0x8080808080808080);
    uint64_t sum = ((*to & ~high) + (more & ~high)) ^ ((*to ^ more) & high);
    uint64_t carries = ((*to & more) | ((*to | more) & ~sum)) & high;

    *to = sum;
    return carries == 0;
}

/* @return false, with nothing added, when some class gets to 256. */
static bool add_few(uint8_t *to, const uint8_t *more)
{
    uint64_t sums[2] = {0, 0};
    uint64_t adds[2] = {0, 0};

    static_assert(PACKET_CLASSES <= sizeof(sums), "classes fit in two words");
    memcpy(sums, to, PACKET_CLASSES);
    memcpy(adds, more, PACKET_CLASSES);
    if (!add_eight(&sums[0], adds[0]) || !add_eight(&sums[1], adds[1]))
        return false;
    memcpy(to, sums, PACKET_CLASSES);
    return true;
}

static void add_classes(struct host *host, enum way way, const uint8_t *more)
{
    if (add_few(host->classes[way], more))
        return;
    for (unsigned i = 0; i < PACKET_CLASSES; i++)
        host_add_class(host, way, i, more[i]);
}

void host_add(struct host *host, const struct delta *delta, enum way way)
{
    struct host_l4 *l4 = l4_get(host, delta->l4);
    uint64_t bytes = 0;
    uint64_t packets = 0;

    for (enum way w = 0; w < WAYS; w++) {
        /* What the flow's client sent, its server received. */
        const struct traffic *from = &delta->traffic[w ^ way];

        l4->traffic[w].packets += from->packets;
        l4->traffic[w].bytes += from->bytes;
        packets += from->packets;
        bytes += from->bytes;
        add_classes(host, w, delta->classes[w ^ way]);
    }
    for (unsigned i = 0; i < TCP_TROUBLE_KINDS; i++)
        host->trouble[i] += delta->trouble[way][i];
    if (delta->has_app)
        add_app(host, delta, way);
    if (packets == 0)
        return;
    host->last_s = delta->now_s;
    rate_add(&host->rate, delta->now_s, bytes, packets);
}

void host_learn_name(struct host *host, enum name_source source,
                     const char *name)
{
    char clean[NAME_MAX_BYTES + 1];

    if (name == NULL || source < host->name_source ||
        utf8_clean(clean, sizeof(clean), name, strlen(name)) == 0)
        return;
    host->name_source = (uint8_t)source;
    if (host->name != NULL && strcmp(host->name, clean) == 0)
        return;
    free(host->name);
    host->name = mem_strdup(clean);
}

const char *host_label(const struct host *host, char text[ADDR_TEXT_SIZE])
{
    return host->name != NULL ? host->name : addr_format(&host->addr, text);
}

void host_contact(struct host *host, enum way way, uint64_t peer_hash)
{
    unsigned slot = (unsigned)(peer_hash % CONTACT_REGISTERS);
    uint64_t rest = peer_hash / CONTACT_REGISTERS;
    uint8_t rank =
        rest != 0 ? (uint8_t)(__builtin_ctzll(rest) + 1) : CONTACT_RANK_MAX;
    uint8_t *known;

    if (host->local == NULL)
        return;
    known = &host->local->contacts[way][slot];
    if (rank > *known)
        *known = rank;
}

void host_contacts_merge(struct host_local *local, enum way way,
                         const uint8_t *registers)
{
    for (unsigned i = 0; i < CONTACT_REGISTERS; i++)
        if (registers[i] > local->contacts[way][i] &&
            registers[i] <= CONTACT_RANK_MAX)
            local->contacts[way][i] = registers[i];
}

/* HyperLogLog with the linear counting of its authors for few peers. */
uint32_t host_contacts(const struct host *host, enum way way)
{
    const double alpha = 0.709; /* for 64 registers */
    const double m = CONTACT_REGISTERS;
    double sum = 0;
    unsigned empty = 0;
    double estimate;

    if (host->local == NULL)
        return 0;
    for (unsigned i = 0; i < CONTACT_REGISTERS; i++) {
        uint8_t rank = host->local->contacts[way][i];

        sum += ldexp(1, -rank);
        empty += rank == 0;
    }
    estimate = alpha * m * m / sum;
    if (estimate <= 2.5 * m && empty > 0)
        estimate = m * log(m / empty);
    return (uint32_t)lround(estimate);
}

const struct dns_counters *host_dns(const struct host *host, enum way way)
{
    static const struct dns_counters none;

    return host->local != NULL && host->local->dns[way] != NULL
               ? host->local->dns[way]
               : &none;
}

const struct http_counters *host_http(const struct host *host, enum way way)
{
    static const struct http_counters none;

    return host->local != NULL && host->local->http[way] != NULL
               ? host->local->http[way]
               : &none;
}

struct dns_counters *host_count_dns(struct host *host, enum way way)
{
    if (host->local == NULL)
        return NULL;
    if (host->local->dns[way] == NULL)
        host->local->dns[way] = mem_calloc(1, sizeof(struct dns_counters));
    return host->local->dns[way];
}

struct http_counters *host_count_http(struct host *host, enum way way)
{
    if (host->local == NULL)
        return NULL;
    if (host->local->http[way] == NULL)
        host->local->http[way] = mem_calloc(1, sizeof(struct http_counters));
    return host->local->http[way];
}

const struct icmp_counter *host_icmp_at(const struct host *host, unsigned i)
{
    return host->local != NULL && i < host->local->icmp_count
               ? &host->local->icmp[i]
               : NULL;
}

/* One more; the array has room for the next power of two. */
static void icmp_make(struct host_local *local, uint8_t type, uint8_t code)
{
    unsigned count = local->icmp_count++;

    if ((count & (count - 1)) == 0)
        local->icmp = mem_realloc(local->icmp, count == 0 ? 1 : 2 * count,
                                  sizeof(*local->icmp));
    local->icmp[count] = (struct icmp_counter){.type = type, .code = code};
}

void host_icmp(struct host *host, enum way way, uint8_t type, uint8_t code,
               uint32_t packets)
{
    struct host_local *local = host->local;
    unsigned slot = 0;

    if (local == NULL)
        return;
    while (slot < ICMP_SLOTS - 1 && slot < local->icmp_count &&
           (local->icmp[slot].type != type || local->icmp[slot].code != code))
        slot++;
    if (slot == local->icmp_count && slot == ICMP_SLOTS - 1)
        icmp_make(local, UINT8_MAX, UINT8_MAX);
    else if (slot == local->icmp_count)
        icmp_make(local, type, code);
    local->icmp[slot].packets[way] += packets;
}

static uint32_t minute_of(uint32_t now_s)
{
    return now_s % SECONDS_PER_DAY / 60;
}

void host_prefetch(const struct host *host, uint32_t now_s)
{
    if (host->apps != NULL) {
        __builtin_prefetch(host->apps);
        __builtin_prefetch(host->apps + 1); /* in the next cache line */
    }
    __builtin_prefetch(host->l4_more);
    if (host->local == NULL)
        return;
    __builtin_prefetch(&host->local->day);
    __builtin_prefetch(&host->local->active_minutes[minute_of(now_s) / 8]);
}

void host_active(struct host *host, uint32_t now_s)
{
    uint32_t minute = minute_of(now_s);
    struct host_local *local = host->local;

    if (local == NULL)
        return;
    if (local->day != now_s / SECONDS_PER_DAY) {
        local->day = now_s / SECONDS_PER_DAY;
        memset(local->active_minutes, 0, sizeof(local->active_minutes));
    }
    local->active_minutes[minute / 8] |= (uint8_t)(1u << minute % 8);
}
