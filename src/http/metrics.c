/* metrics: how kelvin itself is doing. SPDX-License-Identifier: MIT */
#include "http/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/util/utf8.h"
#include "core/util/version.h"
#include "export/exporter_rows.h"
#include "http/metrics_open.h"
#include "lua/scripts.h"

#define TEXT_MAX (1u << 20)

void metrics_label(struct strbuf *out, const char *value)
{
    size_t len = strlen(value);

    strbuf_puts(out, "\"");
    for (size_t at = 0; at < len;) {
        const unsigned char *byte = (const unsigned char *)value + at;
        size_t step = utf8_sequence(byte, len - at);

        if (*byte == '\n')
            strbuf_puts(out, "\\n");
        else if (*byte == '"' || *byte == '\\')
            strbuf_printf(out, "\\%c", *byte);
        else if (step == 0 || utf8_is_control(byte, step))
            strbuf_puts(out, "?");
        else
            strbuf_add(out, byte, step);
        at += step != 0 ? step : 1;
    }
    strbuf_puts(out, "\"");
}

static void put_head(struct strbuf *out, const char *name, const char *type,
                     const char *help)
{
    strbuf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* One metric without labels. */
static void put_one(struct strbuf *out, const char *name, const char *type,
                    const char *help, double value)
{
    put_head(out, name, type, help);
    strbuf_printf(out, "%s %.15g\n", name, value);
}

/* "name{" and the label, with more of them or "} value" to follow. */
static void put_labelled(struct strbuf *out, const char *name,
                         const char *label, const char *value)
{
    strbuf_printf(out, "%s{%s=", name, label);
    metrics_label(out, value);
}

/* Every fourth bucket: one for each power of two of microseconds. */
static void put_histogram(struct strbuf *out, const char *name,
                          const char *label,
                          const struct loop_histogram *histogram)
{
    const char *comma = *label != '\0' ? "," : "";
    uint64_t seen = 0;

    for (unsigned i = 0; i < LOOP_BUCKETS - 1; i++) {
        seen += histogram->counts[i];
        if (i % 4 == 3)
            strbuf_printf(out, "%s_bucket{%s%sle=\"%.6f\"} %" PRIu64 "\n", name,
                          label, comma, (double)loop_histogram_bound(i) / 1e6,
                          seen);
    }
    strbuf_printf(out, "%s_bucket{%s%sle=\"+Inf\"} %" PRIu64 "\n", name, label,
                  comma, histogram->total);
    strbuf_printf(out, "%s_sum%s%s%s %.6f\n", name, *label ? "{" : "", label,
                  *label ? "}" : "", (double)histogram->sum_us / 1e6);
    strbuf_printf(out, "%s_count%s%s%s %" PRIu64 "\n", name, *label ? "{" : "",
                  label, *label ? "}" : "", histogram->total);
}

static void put_loop(struct strbuf *out, const struct loop *loop)
{
    static const char *const priorities[LOOP_PRIORITIES] = {
        [LOOP_CAPTURE] = "priority=\"capture\"",
        [LOOP_TICK] = "priority=\"tick\"",
        [LOOP_PEER] = "priority=\"peer\"",
        [LOOP_PAGE] = "priority=\"page\"",
    };

    put_head(out, "kelvin_loop_lag_seconds", "histogram",
             "How late timers went off.");
    put_histogram(out, "kelvin_loop_lag_seconds", "", loop_late(loop));
    put_head(out, "kelvin_loop_callback_seconds", "histogram",
             "How long callbacks of a priority ran.");
    for (unsigned i = 0; i < LOOP_PRIORITIES; i++)
        put_histogram(out, "kelvin_loop_callback_seconds", priorities[i],
                      loop_ran(loop, i));
    put_one(out, "kelvin_loop_turns_total", "counter", "Turns of the loop.",
            (double)loop_turns(loop));
    put_one(out, "kelvin_loop_callbacks_total", "counter",
            "Callbacks called by the loop.", (double)loop_callbacks(loop));
    put_one(out, "kelvin_loop_wakeups_total", "counter",
            "Times that the process slept and was woken.",
            (double)loop_wakeups(loop));
}

/* Metrics that each interface has: what they are and where they come from. */
struct iface_metric {
    const char *name;
    const char *type;
    const char *help;
    const char *label; /* one more, as in `kind="flow"`; NULL: none */
    double (*get)(const struct iface *iface);
};

#define GETTER(name, value)                       \
    static double name(const struct iface *iface) \
    {                                             \
        return (double)(value);                   \
    }

GETTER(get_packets, iface->counters.all.packets)
GETTER(get_bytes, iface->counters.all.bytes)
GETTER(get_kernel_drops, iface->counters.drops.kernel)
GETTER(get_iface_drops, iface->counters.drops.interface)
GETTER(get_flows_begun, iface->counters.flows)
GETTER(get_flows_ended, iface->counters.flows_ended)
GETTER(get_flows, iface->flows.pool.count)
GETTER(get_hosts, iface->hosts.pool.count)
GETTER(get_devices, iface->devices.pool.count)
GETTER(get_groups, iface->groups.pool.count)
/* A pool's first object is not used. */
GETTER(get_flows_cap, iface->flows.pool.cap)
GETTER(get_hosts_cap, iface->hosts.pool.cap)
GETTER(get_devices_cap, iface->devices.pool.cap)
GETTER(get_groups_cap, iface->groups.pool.cap)
GETTER(get_flows_evicted, iface->counters.flows_evicted)
GETTER(get_hosts_evicted, iface->hosts.evicted)
GETTER(get_devices_evicted, iface->devices.evicted)
GETTER(get_groups_evicted, iface->groups.evicted)
GETTER(get_flows_refused, iface->counters.flows_refused)
GETTER(get_hosts_refused, iface->hosts.refused)
GETTER(get_groups_refused, iface->groups.refused)

/* Those of one name stand together; the first one has type and help. */
static const struct iface_metric iface_metrics[] = {
    {"kelvin_interface_packets_total", "counter", "Packets captured.", NULL,
     get_packets},
    {"kelvin_interface_bytes_total", "counter",
     "Bytes of captured packets, as they were on the wire.", NULL, get_bytes},
    {"kelvin_interface_dropped_packets_total", "counter",
     "Packets lost before kelvin saw them, by who lost them.", "by=\"kernel\"",
     get_kernel_drops},
    {"kelvin_interface_dropped_packets_total", NULL, NULL, "by=\"interface\"",
     get_iface_drops},
    {"kelvin_flows_begun_total", "counter", "Flows that began.", NULL,
     get_flows_begun},
    {"kelvin_flows_ended_total", "counter", "Flows that ended.", NULL,
     get_flows_ended},
    {"kelvin_table_entries", "gauge", "Entries of a table.", "table=\"flows\"",
     get_flows},
    {"kelvin_table_entries", NULL, NULL, "table=\"hosts\"", get_hosts},
    {"kelvin_table_entries", NULL, NULL, "table=\"devices\"", get_devices},
    {"kelvin_table_entries", NULL, NULL, "table=\"groups\"", get_groups},
    {"kelvin_table_max_entries", "gauge", "Most entries a table may have.",
     "table=\"flows\"", get_flows_cap},
    {"kelvin_table_max_entries", NULL, NULL, "table=\"hosts\"", get_hosts_cap},
    {"kelvin_table_max_entries", NULL, NULL, "table=\"devices\"",
     get_devices_cap},
    {"kelvin_table_max_entries", NULL, NULL, "table=\"groups\"",
     get_groups_cap},
    {"kelvin_table_evictions_total", "counter",
     "Entries thrown out to make room.", "table=\"flows\"", get_flows_evicted},
    {"kelvin_table_evictions_total", NULL, NULL, "table=\"hosts\"",
     get_hosts_evicted},
    {"kelvin_table_evictions_total", NULL, NULL, "table=\"devices\"",
     get_devices_evicted},
    {"kelvin_table_evictions_total", NULL, NULL, "table=\"groups\"",
     get_groups_evicted},
    {"kelvin_table_refusals_total", "counter",
     "Entries not made because nothing could be thrown out.", "table=\"flows\"",
     get_flows_refused},
    {"kelvin_table_refusals_total", NULL, NULL, "table=\"hosts\"",
     get_hosts_refused},
    {"kelvin_table_refusals_total", NULL, NULL, "table=\"groups\"",
     get_groups_refused},
};

static void put_iface_metric(struct strbuf *out, const struct engine *engine,
                             const struct iface_metric *metric)
{
    if (metric->type != NULL)
        put_head(out, metric->name, metric->type, metric->help);
    for (uint16_t id = 0; id < engine_ifaces(engine); id++) {
        const struct iface *iface = engine_iface(engine, id);

        put_labelled(out, metric->name, "interface", iface->name);
        if (metric->label != NULL)
            strbuf_printf(out, ",%s", metric->label);
        strbuf_printf(out, "} %.15g\n", metric->get(iface));
    }
}

static void put_malformed(struct strbuf *out, const struct engine *engine)
{
    static const char name[] = "kelvin_interface_malformed_packets_total";

    put_head(out, name, "counter",
             "Packets whose headers could not be believed, by what was wrong.");
    for (uint16_t id = 0; id < engine_ifaces(engine); id++) {
        const struct iface *iface = engine_iface(engine, id);

        for (unsigned i = MALFORMED_NONE + 1; i < MALFORMED_COUNT; i++) {
            put_labelled(out, name, "interface", iface->name);
            strbuf_puts(out, ",reason=");
            metrics_label(out, malformed_name(i));
            strbuf_printf(out, "} %" PRIu64 "\n", iface->counters.malformed[i]);
        }
    }
}

/* Of each application that an interface has seen; there are DPI_APPS. */
static void put_applications(struct strbuf *out, const struct engine *engine)
{
    static const char name[] = "kelvin_application_bytes_total";
    const struct dpi *dpi = engine_dpi(engine);

    put_head(out, name, "counter",
             "Bytes of flows by application, as sent by clients and servers.");
    for (uint16_t id = 0; id < engine_ifaces(engine); id++) {
        const struct iface *iface = engine_iface(engine, id);

        for (uint16_t app = 0; app < dpi_apps(dpi); app++) {
            const struct traffic *traffic = iface->apps[app].traffic;

            if (traffic[WAY_SENT].packets + traffic[WAY_RCVD].packets == 0)
                continue;
            for (unsigned way = 0; way < WAYS; way++) {
                put_labelled(out, name, "interface", iface->name);
                strbuf_puts(out, ",application=");
                metrics_label(out, dpi_app_name(dpi, app));
                strbuf_printf(out, ",by=\"%s\"} %" PRIu64 "\n",
                              way == WAY_SENT ? "client" : "server",
                              traffic[way].bytes);
            }
        }
    }
}

static void put_engine(struct strbuf *out, const struct engine *engine)
{
    for (size_t i = 0; i < sizeof(iface_metrics) / sizeof(iface_metrics[0]);
         i++)
        put_iface_metric(out, engine, &iface_metrics[i]);
    put_malformed(out, engine);
    put_applications(out, engine);
}

/* A sink is named by its place and kind: its spec tells of the network. */
static void put_export_row(struct strbuf *out, const struct exporter *exporter,
                           const struct exporter_row *row)
{
    char name[64];

    snprintf(name, sizeof(name), "kelvin_export_%s", row->metric);
    put_head(out, name, row->is_gauge ? "gauge" : "counter", row->help);
    for (size_t sink = 0; sink < exporter_sinks(exporter); sink++) {
        const char *spec = exporter_spec(exporter, sink);
        struct exporter_counters counters;
        char kind[32];

        exporter_counters(exporter, sink, &counters);
        snprintf(kind, sizeof(kind), "%.*s", (int)strcspn(spec, ";"), spec);
        put_labelled(out, name, "kind", kind);
        strbuf_printf(out, ",sink=\"%zu\"} %" PRIu64 "\n", sink,
                      exporter_value(row, &counters));
    }
}

static void put_exporter(struct strbuf *out, const struct exporter *exporter)
{
    size_t count;
    const struct exporter_row *rows = exporter_rows(&count);

    if (exporter == NULL || exporter_sinks(exporter) == 0)
        return;
    for (size_t i = 0; i < count; i++)
        if (rows[i].metric != NULL)
            put_export_row(out, exporter, &rows[i]);
}

static const struct {
    const char *name;
    const char *help;
    size_t offset;
} store_metrics[] = {
    {"kelvin_redis_commands_total", "Commands accepted for Redis.",
     offsetof(struct store_counters, asked)},
    {"kelvin_redis_failed_commands_total", "Commands answered by an error.",
     offsetof(struct store_counters, failed)},
    {"kelvin_redis_broken_commands_total",
     "Commands whose connection broke before the answer.",
     offsetof(struct store_counters, broken)},
    {"kelvin_redis_refused_commands_total",
     "Commands not sent: Redis was away, or too many waited.",
     offsetof(struct store_counters, refused)},
    {"kelvin_redis_lost_writes_total", "Writes that were given up.",
     offsetof(struct store_counters, lost)},
    {"kelvin_redis_connections_total", "Connections that became ready.",
     offsetof(struct store_counters, connects)},
};

static void put_store(struct strbuf *out, const struct store *store)
{
    struct store_counters counters;

    if (store == NULL)
        return;
    store_counters(store, &counters);
    for (size_t i = 0; i < sizeof(store_metrics) / sizeof(store_metrics[0]);
         i++) {
        const char *base = (const char *)&counters;

        put_one(out, store_metrics[i].name, "counter", store_metrics[i].help,
                (double)*(const uint64_t *)(base + store_metrics[i].offset));
    }
    put_one(out, "kelvin_redis_queued_commands", "gauge",
            "Commands that wait for an answer.", (double)counters.queued);
}

static const struct {
    const char *name;
    const char *help;
    size_t offset;
} series_metrics[] = {
    {"kelvin_series_points_total", "Values accepted for files of time series.",
     offsetof(struct series_counters, points)},
    {"kelvin_series_written_points_total", "Values that rrdcached has taken.",
     offsetof(struct series_counters, written)},
    {"kelvin_series_late_points_total",
     "Values not after the last one of their file.",
     offsetof(struct series_counters, late)},
    {"kelvin_series_failed_commands_total",
     "Commands refused by rrdcached or its disk.",
     offsetof(struct series_counters, failed)},
    {"kelvin_series_lost_points_total",
     "Values for which there was no room while rrdcached was away.",
     offsetof(struct series_counters, lost)},
    {"kelvin_series_created_files_total", "Files made.",
     offsetof(struct series_counters, created)},
    {"kelvin_series_connections_total", "Connections that became ready.",
     offsetof(struct series_counters, connects)},
};

static void put_series(struct strbuf *out, const struct series *series)
{
    struct series_counters counters;

    if (series_state(series) == SERIES_OFF)
        return;
    series_counters(series, &counters);
    for (size_t i = 0; i < sizeof(series_metrics) / sizeof(series_metrics[0]);
         i++) {
        const char *base = (const char *)&counters;

        put_one(out, series_metrics[i].name, "counter", series_metrics[i].help,
                (double)*(const uint64_t *)(base + series_metrics[i].offset));
    }
    put_one(out, "kelvin_series_queued_commands", "gauge",
            "Commands that wait for rrdcached.", (double)counters.queued);
    put_one(out, "kelvin_series_up", "gauge", "Whether rrdcached is connected.",
            series_state(series) == SERIES_READY);
}

static const struct {
    const char *name;
    const char *type;
    const char *help;
    size_t offset;
} http_metrics[] = {
    {"kelvin_http_connections", "gauge", "Connections open.",
     offsetof(struct server_counters, connections)},
    {"kelvin_http_streams", "gauge", "Event streams open.",
     offsetof(struct server_counters, streams)},
    {"kelvin_http_accepted_connections_total", "counter",
     "Connections accepted.", offsetof(struct server_counters, accepted)},
    {"kelvin_http_requests_total", "counter", "Requests that were whole.",
     offsetof(struct server_counters, requests)},
    {"kelvin_http_refused_connections_total", "counter",
     "Connections refused because there were too many.",
     offsetof(struct server_counters, refused_total)},
    {"kelvin_http_address_refused_connections_total", "counter",
     "Connections refused because one address had too many.",
     offsetof(struct server_counters, refused_address)},
    {"kelvin_http_evicted_connections_total", "counter",
     "Idle connections closed to make room.",
     offsetof(struct server_counters, evicted)},
    {"kelvin_http_malformed_requests_total", "counter",
     "Requests refused because they were not HTTP or ambiguous.",
     offsetof(struct server_counters, malformed)},
    {"kelvin_http_large_requests_total", "counter",
     "Requests refused for their size.",
     offsetof(struct server_counters, too_large)},
    {"kelvin_http_slow_requests_total", "counter",
     "Requests refused because they took too long to come.",
     offsetof(struct server_counters, too_slow)},
    {"kelvin_http_stalled_clients_total", "counter",
     "Clients dropped because they did not read their answers.",
     offsetof(struct server_counters, stalled)},
    {"kelvin_http_aborted_answers_total", "counter",
     "Answers that the client did not wait for.",
     offsetof(struct server_counters, aborted)},
    {"kelvin_http_sent_bytes_total", "counter", "Bytes of bodies sent.",
     offsetof(struct server_counters, bytes_sent)},
    {"kelvin_http_stream_skipped_events_total", "counter",
     "Events that a slow reader missed.",
     offsetof(struct server_counters, stream_skipped)},
    {"kelvin_http_stream_dropped_clients_total", "counter",
     "Readers of streams that were dropped for slowness.",
     offsetof(struct server_counters, stream_dropped)},
    {"kelvin_http_access_log_lost_lines_total", "counter",
     "Lines that the access log did not take.",
     offsetof(struct server_counters, access_lost)},
    {"kelvin_http_accept_failures_total", "counter",
     "Connections that could not be accepted.",
     offsetof(struct server_counters, accept_failures)},
};

static void put_http(struct strbuf *out, const struct server_counters *counters)
{
    for (size_t i = 0; i < sizeof(http_metrics) / sizeof(http_metrics[0]);
         i++) {
        const char *base = (const char *)counters;

        put_one(out, http_metrics[i].name, http_metrics[i].type,
                http_metrics[i].help,
                (double)*(const uint64_t *)(base + http_metrics[i].offset));
    }
    put_head(out, "kelvin_http_answers_total", "counter",
             "Answers by class of the status.");
    for (unsigned class = 2; class <= 5; class ++)
        strbuf_printf(out,
                      "kelvin_http_answers_total{class=\"%uxx\"} %" PRIu64 "\n",
                      class, counters->answers[class]);
}

static void put_scripts(struct strbuf *out, struct scripts *scripts)
{
    const struct vm_counters *counters = vm_counters(scripts_vm(scripts));
    const struct {
        const char *label;
        uint64_t count;
    } results[] = {
        {"done", counters->done},
        {"failed", counters->failed},
        {"timed_out", counters->timed_out},
        {"out_of_memory", counters->out_of_memory},
        {"cancelled", counters->cancelled},
        {"refused", counters->refused},
    };

    put_one(out, "kelvin_script_runs", "gauge", "Runs of scripts under way.",
            counters->active);
    put_one(out, "kelvin_script_waiting_runs", "gauge",
            "Of these, those that wait for an answer.", counters->waiting);
    put_one(out, "kelvin_script_memory_bytes", "gauge",
            "Memory that runs of scripts have.", (double)counters->memory);
    put_one(out, "kelvin_script_busy_seconds_total", "counter",
            "Time spent in scripts.", (double)counters->busy_us / 1e6);
    put_one(out, "kelvin_script_slow_turns_total", "counter",
            "Turns of a script that took more than 5 ms.",
            (double)counters->slow_turns);
    put_head(out, "kelvin_script_ended_runs_total", "counter",
             "Runs of scripts by how they ended.");
    for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++)
        strbuf_printf(
            out, "kelvin_script_ended_runs_total{result=\"%s\"} %" PRIu64 "\n",
            results[i].label, results[i].count);
}

/* As every Prometheus client names them. */
static void put_process(struct strbuf *out)
{
    unsigned long virtual = 0, resident = 0;
    unsigned long user = 0, system = 0;
    double page = (double)sysconf(_SC_PAGESIZE);
    double ticks = (double)sysconf(_SC_CLK_TCK);
    FILE *file = fopen("/proc/self/statm", "re");

    if (file != NULL) {
        if (fscanf(file, "%lu %lu", &virtual, &resident) == 2) {
            put_one(out, "process_resident_memory_bytes", "gauge",
                    "Resident memory size in bytes.", (double)resident * page);
            put_one(out, "process_virtual_memory_bytes", "gauge",
                    "Virtual memory size in bytes.", (double)virtual * page);
        }
        fclose(file);
    }
    file = fopen("/proc/self/stat", "re");
    if (file == NULL)
        return;
    /* The name in brackets has no bracket: it is ours. */
    if (fscanf(file,
               "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u"
               "%lu %lu",
               &user, &system) == 2)
        put_one(out, "process_cpu_seconds_total", "counter",
                "Total user and system CPU time spent in seconds.",
                (double)(user + system) / ticks);
    fclose(file);
}

void metrics_write(struct strbuf *out, const struct site *site)
{
    put_head(out, "kelvin_build_info", "gauge", "The version, as a label.");
    strbuf_printf(out, "kelvin_build_info{version=\"%s\"} 1\n", KELVIN_VERSION);
    put_one(out, "kelvin_uptime_seconds", "gauge",
            "Seconds since the loop began.",
            (double)(loop_now_us(site->loop) - site->started_us) / 1e6);
    put_loop(out, site->loop);
    put_engine(out, site->engine);
    put_exporter(out, site->exporter);
    put_store(out, site->store);
    put_series(out, site->series);
    put_scripts(out, site->scripts);
    put_http(out, site->counters);
    put_process(out);
}

/* They are about all networks and interfaces. */
static bool may_see_metrics(const struct request *request)
{
    const struct user *account = request->account;

    return account == NULL ||
           (account->networks == NULL && account->iface[0] == '\0');
}

void metrics_page(struct response *response)
{
    struct strbuf text;
    struct strbuf open;

    if (!may_see_metrics(response_request(response))) {
        response_error(
            response, 403,
            "Only for users who may see all networks and interfaces");
        return;
    }
    strbuf_init(&text, TEXT_MAX);
    strbuf_init(&open, TEXT_MAX);
    metrics_write(&text, response_site(response));
    response_header(response, "Vary", "Accept");
    if (metrics_open_wanted(response_request(response))) {
        metrics_open_write(&open, text.text);
        response_send(response, 200, METRICS_OPEN, open.text, open.len);
    } else {
        response_send(response, 200, METRICS_TEXT, text.text, text.len);
    }
    strbuf_free(&text);
    strbuf_free(&open);
}

void metrics_health(struct response *response)
{
    static const char fine[] = "{\"status\":\"ok\"}\n";

    response_send(response, 200, "application/json", fine, sizeof(fine) - 1);
}
