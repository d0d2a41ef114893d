/* report: the state of things, for people. SPDX-License-Identifier: MIT */
#include "core/run/report.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/model/alert_detect.h"
#include "core/model/field.h"
#include "core/model/iface_sums.h"
#include "core/util/fmt.h"
#include "core/util/log.h"
#include "core/util/strbuf.h"

#define TOP_SIZE 10
#define TEXT_MAX (1u << 20)
#define LABEL "  %-12s"

/* The largest so far, in falling order. */
struct top {
    unsigned count;
    struct {
        uint64_t bytes;
        uint32_t index;
    } entries[TOP_SIZE];
};

static void top_offer(struct top *top, uint32_t index, uint64_t bytes)
{
    unsigned at = top->count;

    if (bytes == 0 ||
        (at == TOP_SIZE && bytes <= top->entries[TOP_SIZE - 1].bytes))
        return;
    if (at == TOP_SIZE)
        at--;
    else
        top->count++;
    for (; at > 0 && top->entries[at - 1].bytes < bytes; at--)
        top->entries[at] = top->entries[at - 1];
    top->entries[at].bytes = bytes;
    top->entries[at].index = index;
}

/* "LABEL N word, N word ...": the words and numbers in turn, ended by NULL. */
struct counted {
    uint64_t number;
    const char *what;
};

static void put_counts(struct strbuf *out, const char *label,
                       const struct counted *counts)
{
    char text[FMT_SIZE];

    strbuf_printf(out, LABEL, label);
    for (const struct counted *at = counts; at->what != NULL; at++)
        strbuf_printf(out, "%s%s %s", at == counts ? "" : ", ",
                      fmt_count(at->number, text), at->what);
    strbuf_puts(out, "\n");
}

static void put_totals(struct strbuf *out, const struct iface *iface)
{
    const struct traffic *all = &iface->counters.all;
    int64_t duration_us =
        iface->first_us != 0 ? iface->now_us - iface->first_us : 0;
    char count[FMT_SIZE];
    char text[FMT_SIZE];

    strbuf_printf(out, LABEL "%s\n", "time", fmt_duration(duration_us, text));
    strbuf_printf(out, LABEL "%s\n", "packets", fmt_count(all->packets, count));
    strbuf_printf(out, LABEL "%s (%s", "bytes", fmt_count(all->bytes, count),
                  fmt_bytes(all->bytes, text));
    if (duration_us > 0)
        strbuf_printf(
            out, ", %s",
            fmt_bits_per_s((double)all->bytes * 8e6 / (double)duration_us,
                           text));
    strbuf_puts(out, ")\n");
}

static void put_entities(struct strbuf *out, const struct iface *iface)
{
    const struct iface_counters *counters = &iface->counters;

    put_counts(out, "flows",
               (struct counted[]){{counters->flows, "created"},
                                  {iface->flows.pool.count, "active"},
                                  {counters->flows_ended, "ended"},
                                  {0, NULL}});
    put_counts(out, "hosts",
               (struct counted[]){{iface->hosts.pool.count, "known"},
                                  {iface->hosts.local, "local"},
                                  {iface->hosts.expired, "forgotten"},
                                  {0, NULL}});
    put_counts(out, "devices",
               (struct counted[]){{iface->devices.pool.count, "known"},
                                  {iface->devices.expired, "forgotten"},
                                  {0, NULL}});
}

static void put_malformed(struct strbuf *out, const struct iface *iface)
{
    const char *separator = ": ";
    char text[FMT_SIZE];

    strbuf_printf(out, LABEL "%s", "malformed",
                  fmt_count(iface_malformed(iface), text));
    for (unsigned i = MALFORMED_NONE + 1; i < MALFORMED_COUNT; i++) {
        uint64_t count = iface->counters.malformed[i];

        if (count == 0)
            continue;
        strbuf_printf(out, "%s%s %s", separator, malformed_name(i),
                      fmt_count(count, text));
        separator = ", ";
    }
    strbuf_puts(out, "\n");
}

static void put_losses(struct strbuf *out, const struct iface *iface)
{
    const struct iface_counters *counters = &iface->counters;

    put_counts(out, "tcp",
               (struct counted[]){
                   {counters->trouble[TCP_RETRANSMISSION], "retransmitted"},
                   {counters->trouble[TCP_OUT_OF_ORDER], "out of order"},
                   {counters->trouble[TCP_LOST], "lost"},
                   {0, NULL}});
    put_counts(
        out, "dropped",
        (struct counted[]){{counters->drops.kernel, "by the kernel"},
                           {counters->drops.interface, "by the interface"},
                           {0, NULL}});
    put_malformed(out, iface);
    put_counts(out, "evicted",
               (struct counted[]){{counters->flows_evicted, "flows"},
                                  {iface->hosts.evicted, "hosts"},
                                  {iface->devices.evicted, "devices"},
                                  {iface->groups.evicted, "groups"},
                                  {0, NULL}});
    if (counters->flows_refused + iface->hosts.refused +
            iface->groups.refused !=
        0)
        put_counts(out, "no room for",
                   (struct counted[]){{counters->flows_refused, "flows"},
                                      {iface->hosts.refused, "hosts"},
                                      {iface->groups.refused, "groups"},
                                      {0, NULL}});
}

/* Volume and share of one of the largest. */
static void put_volume(struct strbuf *out, const struct iface *iface,
                       const char *name, uint64_t bytes)
{
    char volume[FMT_SIZE];
    char share[FMT_SIZE];

    strbuf_printf(out, "    %-28s %10s %8s", name, fmt_bytes(bytes, volume),
                  fmt_share(bytes, iface->counters.all.bytes, share));
}

static void put_apps(struct strbuf *out, const struct iface *iface)
{
    const struct dpi *dpi = engine_dpi(iface->engine);
    struct top top = {0};
    char text[FMT_SIZE];

    for (uint16_t i = 0; i < DPI_APPS; i++)
        top_offer(&top, i,
                  iface->apps[i].traffic[WAY_SENT].bytes +
                      iface->apps[i].traffic[WAY_RCVD].bytes);
    if (top.count == 0)
        return;
    strbuf_puts(out, "  applications\n");
    for (unsigned i = 0; i < top.count; i++) {
        uint16_t app = (uint16_t)top.entries[i].index;

        put_volume(out, iface, dpi_app_name(dpi, app), top.entries[i].bytes);
        strbuf_printf(out, "  %s flows\n",
                      fmt_count(iface->apps[app].flows, text));
    }
}

static void put_talker(struct strbuf *out, const struct iface *iface,
                       const struct host *host, uint64_t bytes)
{
    char addr[ADDR_TEXT_SIZE];
    char label[ADDR_TEXT_SIZE + 8];

    addr_format(&host->addr, addr);
    if (host->vlan != 0)
        snprintf(label, sizeof(label), "%s@%u", addr, host->vlan);
    else
        snprintf(label, sizeof(label), "%s", addr);
    put_volume(out, iface, label, bytes);
    if (host->name != NULL)
        strbuf_printf(out, "  %s", host->name);
    strbuf_puts(out, "\n");
}

static void put_talkers(struct strbuf *out, const struct iface *iface)
{
    struct top top = {0};
    uint32_t cursor = 0;
    uint32_t index;

    while ((index = hosts_next(&iface->hosts, &cursor)) != POOL_NONE) {
        const struct host *host = hosts_at(&iface->hosts, index);

        top_offer(&top, index,
                  host_traffic(host, WAY_SENT).bytes +
                      host_traffic(host, WAY_RCVD).bytes);
    }
    if (top.count == 0)
        return;
    strbuf_puts(out, "  talkers\n");
    for (unsigned i = 0; i < top.count; i++)
        put_talker(out, iface, hosts_at(&iface->hosts, top.entries[i].index),
                   top.entries[i].bytes);
}

static void put_iface(struct strbuf *out, const struct iface *iface)
{
    strbuf_printf(out, "%s\n", iface->name);
    put_totals(out, iface);
    put_entities(out, iface);
    put_losses(out, iface);
    put_apps(out, iface);
    put_talkers(out, iface);
}

static void put_speed(struct strbuf *out, const struct engine *engine,
                      double elapsed_s)
{
    uint64_t packets = 0;
    char count[FMT_SIZE];
    char duration[FMT_SIZE];
    char rate[FMT_SIZE];

    if (!(elapsed_s > 0))
        return;
    for (uint16_t id = 0; id < engine_ifaces(engine); id++)
        packets += engine_iface(engine, id)->counters.all.packets;
    strbuf_printf(out, "processed %s packets in %s, %s packets/s\n",
                  fmt_count(packets, count),
                  fmt_duration((int64_t)(elapsed_s * 1e6), duration),
                  fmt_count((uint64_t)((double)packets / elapsed_s), rate));
}

static void put_histogram(struct strbuf *out, const char *what,
                          const struct loop_histogram *histogram)
{
    static const double shares[] = {0.5, 0.99, 0.999};
    char text[FMT_SIZE];

    if (histogram->total == 0)
        return;
    strbuf_printf(out, "%-18s", what);
    for (unsigned i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
        uint64_t us = loop_histogram_percentile(histogram, shares[i]);

        strbuf_printf(out, "p%.4g %s, ", shares[i] * 100,
                      fmt_duration((int64_t)us, text));
    }
    strbuf_printf(out, "max %s\n",
                  fmt_duration((int64_t)histogram->max_us, text));
}

static void put_loop(struct strbuf *out, const struct loop *loop)
{
    static const char *const names[LOOP_PRIORITIES] = {
        [LOOP_CAPTURE] = "captures ran",
        [LOOP_TICK] = "ticks ran",
        [LOOP_PEER] = "peers ran",
        [LOOP_PAGE] = "files, pages ran",
    };

    put_histogram(out, "timers late", loop_late(loop));
    for (unsigned i = 0; i < LOOP_PRIORITIES; i++)
        put_histogram(out, names[i], loop_ran(loop, i));
}

static void put_store(struct strbuf *out, const struct store *store)
{
    static const char *const states[] = {
        [STORE_OFF] = "off", [STORE_AWAY] = "away", [STORE_READY] = "ready"};
    struct store_counters counters;
    char text[FMT_SIZE];

    store_counters(store, &counters);
    if (strcmp(store_name(store), "none") == 0)
        return;
    strbuf_printf(out, "redis %s\n", store_name(store));
    strbuf_printf(out, LABEL "%s, connected %s times", "state",
                  states[store_state(store)],
                  fmt_count(counters.connects, text));
    if (counters.child != 0)
        strbuf_printf(out, ", process %d", (int)counters.child);
    strbuf_puts(out, "\n");
    put_counts(out, "commands",
               (struct counted[]){{counters.asked, "asked"},
                                  {counters.answered, "answered"},
                                  {counters.failed, "failed"},
                                  {counters.repeated, "repeated"},
                                  {0, NULL}});
    put_counts(out, "waiting",
               (struct counted[]){{counters.queued, "commands"},
                                  {counters.bytes, "bytes"},
                                  {0, NULL}});
    put_counts(out, "unserved",
               (struct counted[]){{counters.lost, "writes lost"},
                                  {counters.refused, "questions refused"},
                                  {counters.broken, "questions broken off"},
                                  {0, NULL}});
}

static void put_alerts(struct strbuf *out, const struct alerts *alerts,
                       const struct engine *engine)
{
    struct alerts_counters counters;
    uint64_t left_out = 0;
    uint64_t unwatched = 0;

    alerts_counters(alerts, &counters);
    for (uint16_t id = 0; id < engine_ifaces(engine); id++) {
        struct alert_detect_counters detected =
            alert_detect_counters(engine_iface(engine, id));

        left_out += detected.flows_left_out + detected.devices_left_out;
        unwatched += detected.hosts.refused;
    }
    strbuf_printf(out, "alerts%s\n", alerts_are_on(alerts) ? "" : " off");
    put_counts(out, "on",
               (struct counted[]){{counters.on, "now"},
                                  {counters.engaged, "begun"},
                                  {counters.released, "over"},
                                  {counters.restored, "of before"},
                                  {0, NULL}});
    put_counts(out, "happened",
               (struct counted[]){{counters.happened, "to hosts"},
                                  {counters.flows, "to flows"},
                                  {0, NULL}});
    put_counts(out, "too many",
               (struct counted[]){{counters.refused, "on"},
                                  {counters.unwritten, "to keep"},
                                  {counters.untold, "to log"},
                                  {counters.lost, "for syslog"},
                                  {left_out, "to raise"},
                                  {unwatched, "to watch"},
                                  {0, NULL}});
    if (counters.garbage != 0)
        put_counts(
            out, "unreadable",
            (struct counted[]){{counters.garbage, "in Redis"}, {0, NULL}});
}

static void put_series(struct strbuf *out, const struct series *series)
{
    static const char *const states[] = {
        [SERIES_OFF] = "off", [SERIES_AWAY] = "away", [SERIES_READY] = "ready"};
    struct series_counters counters;

    if (series_state(series) == SERIES_OFF)
        return;
    series_counters(series, &counters);
    strbuf_printf(out, "time series by %s\n", series_name(series));
    strbuf_printf(out, LABEL "%s", "state", states[series_state(series)]);
    if (counters.child != 0)
        strbuf_printf(out, ", process %d", (int)counters.child);
    strbuf_puts(out, "\n");
    put_counts(out, "points",
               (struct counted[]){{counters.points, "recorded"},
                                  {counters.written, "written"},
                                  {counters.queued, "waiting"},
                                  {counters.repeated, "repeated"},
                                  {0, NULL}});
    put_counts(out, "files",
               (struct counted[]){{counters.files, "written to"},
                                  {counters.created, "made"},
                                  {0, NULL}});
    put_counts(out, "unwritten",
               (struct counted[]){{counters.late, "too late"},
                                  {counters.failed, "refused"},
                                  {counters.lost, "lost"},
                                  {0, NULL}});
}

static void put_all(struct strbuf *out, const struct report_source *source)
{
    strbuf_init(out, TEXT_MAX);
    for (uint16_t id = 0; id < engine_ifaces(source->engine); id++)
        put_iface(out, engine_iface(source->engine, id));
    put_speed(out, source->engine, source->elapsed_s);
    if (source->loop != NULL)
        put_loop(out, source->loop);
    put_store(out, source->store);
    put_series(out, source->series);
    if (source->alerts != NULL)
        put_alerts(out, source->alerts, source->engine);
    if (source->more != NULL)
        source->more(source->arg, out);
}

void report_write(int fd, int wait_ms, const struct report_source *source)
{
    struct pollfd room = {.fd = fd, .events = POLLOUT};
    struct strbuf text;
    size_t at = 0;

    put_all(&text, source);
    while (at < text.len && poll(&room, 1, wait_ms) == 1) {
        /* A pipe with room takes so much without waiting. */
        size_t left = text.len - at < PIPE_BUF ? text.len - at : PIPE_BUF;
        ssize_t written = write(fd, text.text + at, left);

        if (written > 0)
            at += (size_t)written;
        else if (errno != EINTR && errno != EAGAIN)
            break;
    }
    strbuf_free(&text);
}

void report_log(const struct report_source *source)
{
    struct strbuf text;
    char *rest;
    char *line;

    put_all(&text, source);
    rest = text.text;
    while ((line = strsep(&rest, "\n")) != NULL && rest != NULL)
        log_answer("report", "%s", line);
    strbuf_free(&text);
}

int report_protocols(FILE *out, const char *protocols_file)
{
    struct dpi *dpi = dpi_new(protocols_file, 1);

    if (dpi == NULL)
        return EXIT_FAILURE;
    errno = 0;
    for (uint16_t app = 0; app < dpi_apps(dpi); app++)
        fprintf(out, "%u\t%s\t%s\n", app, dpi_app_name(dpi, app),
                dpi_breed_name(dpi, app));
    dpi_free(dpi);
    if (fflush(out) == 0 && !ferror(out))
        return EXIT_SUCCESS;
    log_error("report", "the list of applications");
    return EXIT_FAILURE;
}

static const char *or_none(const char *text)
{
    return text != NULL && *text != '\0' ? text : "-";
}

/* `prefix` is that of a table within another: "tls." */
static void put_rows(FILE *out, const char *entity, const char *prefix,
                     const struct field_rows *rows)
{
    static const char *const types[] = {
        [FIELD_NUMBER] = "number",   [FIELD_THOUSANDTHS] = "decimal",
        [FIELD_DECIMAL] = "decimal", [FIELD_TEXT] = "text",
        [FIELD_FLAG] = "yes or no",  [FIELD_PLACE] = "place",
        [FIELD_TABLE] = "table",     [FIELD_LIST] = "table",
    };

    for (size_t i = 0; i < rows->count; i++) {
        const struct field *field = &rows->fields[i];
        char within[64];

        fprintf(out, "%s\t%s%s\t%s\t%s\t%s\t%s\n", entity,
                field->key != NULL ? prefix : "", or_none(field->key),
                or_none(field->record), types[field->type],
                or_none(field->unit), or_none(field->help));
        if (field->rows == NULL)
            continue;
        snprintf(within, sizeof(within), "%s%s.", prefix, field->key);
        put_rows(out, entity, within, field->rows);
    }
}

int report_fields(FILE *out)
{
    errno = 0;
    put_rows(out, "flow", "", field_flow());
    put_rows(out, "host", "", field_host());
    put_rows(out, "device", "", field_device());
    put_rows(out, "as", "", field_as());
    put_rows(out, "vlan", "", field_vlan());
    if (fflush(out) == 0 && !ferror(out))
        return EXIT_SUCCESS;
    log_error("report", "the list of fields");
    return EXIT_FAILURE;
}
