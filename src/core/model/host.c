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
#define APPS_AT_FIRST 2
/* Of a hash whose 58 bits besides those that choose a register are zero. */
#define CONTACT_RANK_MAX 59

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

void host_add(struct host *host, const struct delta *delta, enum way way)
{
    uint64_t bytes = 0;
    uint64_t packets = 0;

    for (enum way w = 0; w < WAYS; w++) {
        /* What the flow's client sent, its server received. */
        const struct traffic *from = &delta->traffic[w ^ way];
        struct traffic *to = &host->l4[delta->l4][w];

        to->packets += from->packets;
        to->bytes += from->bytes;
        packets += from->packets;
        bytes += from->bytes;
        for (unsigned i = 0; i < PACKET_CLASSES; i++)
            host->classes[w][i] += delta->classes[w ^ way][i];
    }
    for (unsigned i = 0; i < TCP_TROUBLE_KINDS; i++)
        host->trouble[i] += delta->trouble[way][i];
    if (delta->has_app)
        add_app(host, delta, way);
    host->last_s = delta->now_s;
    rate_add(&host->rate, delta->now_s, bytes, packets);
}

struct traffic host_traffic(const struct host *host, enum way way)
{
    struct traffic sum = {0, 0};

    for (enum l4_group group = 0; group < L4_GROUPS; group++) {
        sum.packets += host->l4[group][way].packets;
        sum.bytes += host->l4[group][way].bytes;
    }
    return sum;
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

void host_icmp(struct host *host, enum way way, uint8_t type, uint8_t code,
               uint32_t packets)
{
    unsigned slot = 0;

    if (host->local == NULL)
        return;
    while (slot < ICMP_SLOTS - 1 && host->local->icmp[slot].used &&
           (host->local->icmp[slot].type != type ||
            host->local->icmp[slot].code != code))
        slot++;
    host->local->icmp[slot].used = true;
    host->local->icmp[slot].type = slot < ICMP_SLOTS - 1 ? type : UINT8_MAX;
    host->local->icmp[slot].code = slot < ICMP_SLOTS - 1 ? code : UINT8_MAX;
    host->local->icmp[slot].packets[way] += packets;
}

static uint32_t minute_of(uint32_t now_s)
{
    return now_s % SECONDS_PER_DAY / 60;
}

void host_prefetch(const struct host *host, uint32_t now_s)
{
    __builtin_prefetch(host->apps);
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
