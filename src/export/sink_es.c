/* sink_es: records to Elasticsearch and OpenSearch. SPDX-License-Identifier:
 * MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/run/loop_http.h"
#include "core/run/loop_url.h"
#include "core/util/json.h"
#include "core/util/log.h"
#include "core/util/mem.h"
#include "export/es_batch.h"
#include "export/es_template.h"
#include "export/sink.h"

/*
 * GET / tells the version, PUT the template, then POST _bulk, one after the
 * other. What cannot be done now is done again after 1, 2, 4 ... 30 seconds,
 * beginning with the version: it may be another server then. Each record has
 * its FLOW_ID as _id, so one that is sent twice is there once.
 */
#define PAUSE_MIN_US 1000000
#define PAUSE_MAX_US 30000000
#define FRESH_US 2000000 /* a question so old makes records go to disk */
#define BODY_MAX (16u << 20)
#define INDEX_SIZE 256

enum stage { ASLEEP, VERSION, TEMPLATE, READY, BULK };

struct sink_es {
    char *type;
    char *index; /* for strftime */
    char *url;   /* of _bulk */
    char *root;  /* the same without _bulk */
    char *user;  /* or NULL */
    char *password;
    const struct sink_host *host;
    struct loop_http *http;
    struct loop_http_call *call; /* under way, or NULL */
    struct loop_source *pause;
    int64_t pause_us;
    int64_t asked_us;
    enum stage stage;
    struct es_dialect dialect;
    char server[64]; /* what it is */
    struct es_batch *batch;
    size_t rejected;    /* of the batch */
    size_t max_records; /* of a batch: fewer after "too large" */
    bool has_told_template;
    bool has_told_rejected;
    bool is_failing;
    struct sink_status status;
};

static void ask_version(void *arg);

/* The spec */

static bool is_name(const char *text)
{
    return *text != '\0' &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-_.+%"
                        "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == strlen(text);
}

static bool read_credentials(struct sink_es *sink, const char *text,
                             struct strbuf *error)
{
    char *colon;

    if (*text == '\0')
        return true;
    sink->user = spec_secret(text, error);
    if (sink->user == NULL)
        return false;
    colon = strchr(sink->user, ':');
    if (colon == NULL) {
        strbuf_puts(error, "user and password need a colon between them");
        return false;
    }
    *colon = '\0';
    sink->password = mem_strdup(colon + 1);
    explicit_bzero(colon + 1, strlen(colon + 1));
    return true;
}

static bool read_url(struct sink_es *sink, const char *text,
                     struct strbuf *error)
{
    struct loop_url url;
    bool has_user;
    size_t len;

    if (!loop_url_parse(&url, text, NULL)) {
        strbuf_puts(error, "the third field must be a URL of http or https");
        return false;
    }
    has_user = url.user != NULL || url.password != NULL;
    loop_url_free(&url);
    if (has_user) {
        strbuf_puts(error, "user and password go in the fourth field");
        return false;
    }
    len = strlen(text);
    while (len > 0 && text[len - 1] == '/')
        len--;
    if (len > 6 && memcmp(text + len - 6, "/_bulk", 6) == 0)
        len -= 6;
    sink->url = mem_calloc(1, len + sizeof("/_bulk"));
    sprintf(sink->url, "%.*s/_bulk", (int)len, text);
    sink->root = mem_calloc(1, len + sizeof("/"));
    sprintf(sink->root, "%.*s/", (int)len, text);
    return true;
}

static void es_close(void *arg, struct sink_status *status)
{
    struct sink_es *sink = arg;

    *status = (struct sink_status){0};
    loop_source_free(sink->pause);
    loop_http_free(sink->http);
    es_batch_free(sink->batch);
    spec_forget(sink->user);
    spec_forget(sink->password);
    free(sink->type);
    free(sink->index);
    free(sink->url);
    free(sink->root);
    free(sink);
}

static void *es_parse(struct spec *spec, struct strbuf *error)
{
    struct sink_es *sink = mem_calloc(1, sizeof(*sink));
    struct sink_status ignored;

    sink->type = mem_strdup(spec_field(spec, 0));
    sink->index = mem_strdup(spec_field(spec, 1));
    sink->pause_us = PAUSE_MIN_US;
    sink->max_records = ES_BATCH_RECORDS;
    sink->batch = es_batch_new();
    if (!is_name(sink->type) || !is_name(sink->index))
        strbuf_puts(error, "type and index must be of letters, digits and "
                           "-_.+%");
    else if (read_url(sink, spec_field(spec, 2), error) &&
             read_credentials(sink, spec_field(spec, 3), error))
        return sink;
    es_close(sink, &ignored);
    return NULL;
}

/* Asking */

static void wake(const struct sink_es *sink)
{
    sink->host->wake(sink->host->arg);
}

static void fail(struct sink_es *sink, const char *why)
{
    if (!sink->is_failing)
        log_warnx("export", "%s: %s", sink->host->name, why);
    sink->is_failing = true;
    sink->stage = ASLEEP;
    loop_source_free(sink->pause);
    sink->pause = loop_after(sink->host->loop, sink->pause_us, LOOP_PEER,
                             ask_version, sink);
    sink->pause_us *= 2;
    if (sink->pause_us > PAUSE_MAX_US)
        sink->pause_us = PAUSE_MAX_US;
    wake(sink);
}

/* The status, and what the server says of it. */
static void fail_status(struct sink_es *sink,
                        const struct loop_http_answer *answer)
{
    struct json_value *body = json_parse(answer->body, answer->body_len);
    const struct json_value *error = json_get(body, "error");
    const char *reason = json_as_text(json_get(error, "reason"));
    char why[320];

    if (reason == NULL)
        reason = json_as_text(error);
    snprintf(why, sizeof(why), "answers %d%s%.256s", answer->status,
             reason != NULL ? ": " : "", reason != NULL ? reason : "");
    json_forget(body);
    fail(sink, why);
}

/* @return false when there is no answer of 200, which is dealt with. */
static bool is_good(struct sink_es *sink, const struct loop_http_answer *answer)
{
    sink->call = NULL;
    if (answer->error != NULL)
        fail(sink, answer->error);
    else if (answer->status != 200 && answer->status != 201)
        fail_status(sink, answer);
    else
        return true;
    return false;
}

static void ask(struct sink_es *sink, enum stage stage, const char *method,
                const char *url, const struct strbuf *body,
                loop_http_done *done)
{
    const struct loop_http_header type = {"Content-Type",
                                          stage == BULK ? "application/x-ndjson"
                                                        : "application/json"};
    struct loop_http_request request = {
        .method = method,
        .url = url,
        .user = sink->user,
        .password = sink->password,
        .headers = &type,
        .header_count = body != NULL ? 1 : 0,
        .body = body != NULL ? body->text : NULL,
        .body_len = body != NULL ? body->len : 0,
        .stay = true,
    };
    struct strbuf error;

    strbuf_init(&error, 256);
    sink->stage = stage;
    sink->asked_us = loop_now_us(sink->host->loop);
    sink->call = loop_http_ask(sink->http, &request, done, sink, &error);
    if (sink->call == NULL)
        fail(sink, error.text);
    strbuf_free(&error);
}

/* The bulk */

static void end_batch(struct sink_es *sink)
{
    sink->status.exported += es_batch_count(sink->batch) - sink->rejected;
    sink->status.rejected += sink->rejected;
    sink->rejected = 0;
    es_batch_clear(sink->batch);
    sink->pause_us = PAUSE_MIN_US;
}

static void be_ready(struct sink_es *sink)
{
    if (sink->is_failing)
        log_notice("export", "%s: takes records", sink->host->name);
    sink->is_failing = false;
    sink->stage = READY;
    wake(sink);
}

static void tell_rejected(struct sink_es *sink, const char *example)
{
    if (!sink->has_told_rejected)
        log_warnx("export",
                  "%s: records are refused and dropped, for example: %s",
                  sink->host->name, example);
    sink->has_told_rejected = true;
}

static void judge(struct sink_es *sink, const struct loop_http_answer *answer)
{
    struct es_verdict verdict;

    if (!es_batch_judge(sink->batch, answer->body, answer->body_len,
                        &verdict)) {
        fail(sink, "the answer is not one of _bulk");
        return;
    }
    sink->rejected += verdict.rejected;
    if (verdict.rejected > 0)
        tell_rejected(sink, verdict.example);
    if (es_batch_open(sink->batch) > 0) {
        fail(sink, verdict.example);
        return;
    }
    end_batch(sink);
    be_ready(sink);
}

/* The request was too large for it: a smaller one, or none of this record. */
static void shrink(struct sink_es *sink)
{
    if (es_batch_open(sink->batch) == 1) {
        sink->rejected++;
        es_batch_reject(sink->batch);
        tell_rejected(sink, "413, it is too large");
        end_batch(sink);
    } else {
        sink->max_records = (es_batch_open(sink->batch) + 1) / 2;
        sink->rejected = 0;
        es_batch_clear(sink->batch);
        sink->status.again = true;
    }
    be_ready(sink);
}

static void on_bulk(void *arg, const struct loop_http_answer *answer)
{
    struct sink_es *sink = arg;

    if (answer->error == NULL && answer->status == 413) {
        sink->call = NULL;
        shrink(sink);
    } else if (is_good(sink, answer)) {
        judge(sink, answer);
    }
}

static void send_batch(struct sink_es *sink)
{
    time_t now = (time_t)(loop_wall_us() / 1000000);
    char index[INDEX_SIZE];
    struct strbuf body;
    struct tm tm;

    gmtime_r(&now, &tm);
    if (strftime(index, sizeof(index), sink->index, &tm) == 0)
        snprintf(index, sizeof(index), "kelvin");
    strbuf_init(&body, BODY_MAX);
    es_batch_add_body(sink->batch, index,
                      sink->dialect.has_types ? sink->type : NULL, sink->type,
                      &body);
    sink->status.bytes += body.len;
    ask(sink, BULK, "POST", sink->url, &body, on_bulk);
    strbuf_free(&body);
}

/* The server */

static void go_on(struct sink_es *sink)
{
    be_ready(sink);
    if (es_batch_open(sink->batch) > 0)
        send_batch(sink);
}

/* Without it records arrive all the same, as what the server takes them for.
 */
static void on_template(void *arg, const struct loop_http_answer *answer)
{
    struct sink_es *sink = arg;

    sink->call = NULL;
    if (answer->error != NULL) {
        fail(sink, answer->error);
        return;
    }
    if (answer->status != 200 && !sink->has_told_template)
        log_warnx("export", "%s: takes no index template, answers %d",
                  sink->host->name, answer->status);
    sink->has_told_template = answer->status != 200;
    go_on(sink);
}

static void put_template(struct sink_es *sink)
{
    struct strbuf url;
    struct strbuf body;

    strbuf_init(&url, 4096);
    strbuf_init(&body, BODY_MAX);
    strbuf_printf(&url, "%s%s/", sink->root,
                  sink->dialect.has_composable ? "_index_template"
                                               : "_template");
    es_template_add_name(&url, sink->index);
    es_template_add(&body, &sink->dialect, sink->index, sink->type);
    ask(sink, TEMPLATE, "PUT", url.text, &body, on_template);
    strbuf_free(&url);
    strbuf_free(&body);
}

static void on_version(void *arg, const struct loop_http_answer *answer)
{
    struct sink_es *sink = arg;
    struct json_value *body;
    const struct json_value *version;
    const char *number;
    bool is_opensearch;
    int major;

    if (!is_good(sink, answer))
        return;
    body = json_parse(answer->body, answer->body_len);
    version = json_get(body, "version");
    number = json_as_text(json_get(version, "number"));
    is_opensearch = json_as_text(json_get(version, "distribution")) != NULL;
    major = number != NULL ? atoi(number) : 0;
    snprintf(sink->server, sizeof(sink->server), "%s %.32s",
             is_opensearch ? "OpenSearch" : "Elasticsearch",
             number != NULL ? number : "");
    json_forget(body);
    if (major == 0) {
        fail(sink, "this is neither Elasticsearch nor OpenSearch");
        return;
    }
    sink->dialect.has_types = !is_opensearch && major < 7;
    sink->dialect.has_composable = is_opensearch || major >= 8;
    put_template(sink);
}

static void ask_version(void *arg)
{
    struct sink_es *sink = arg;

    ask(sink, VERSION, "GET", sink->root, NULL, on_version);
}

/* The sink */

static void es_start(void *arg, const struct sink_host *host)
{
    struct sink_es *sink = arg;

    sink->host = host;
    sink->http = loop_http_new(host->loop, 1);
    ask_version(sink);
}

/* Takes what fits into a batch; it is sent when no more comes. */
static size_t es_offer(void *arg, const struct sink_record *records,
                       size_t count)
{
    struct sink_es *sink = arg;
    size_t taken = 0;

    if (sink->stage != READY)
        return 0;
    while (taken < count &&
           es_batch_add(sink->batch, &records[taken], sink->max_records))
        taken++;
    if (taken < count)
        send_batch(sink);
    else if (taken > 0)
        wake(sink);
    return taken;
}

static void es_hurry(void *arg)
{
    struct sink_es *sink = arg;

    if (sink->stage == ASLEEP && sink->http != NULL)
        ask_version(sink);
}

static void es_acknowledge(void *arg, int wait_ms, struct sink_status *status)
{
    struct sink_es *sink = arg;

    (void)wait_ms;
    if (sink->stage == READY && es_batch_open(sink->batch) > 0)
        send_batch(sink);
    *status = sink->status;
    sink->status = (struct sink_status){0};
    status->is_failing = sink->is_failing;
    status->is_trying = sink->stage != ASLEEP;
    status->is_moving =
        !sink->is_failing && sink->host != NULL &&
        loop_now_us(sink->host->loop) - sink->asked_us < FRESH_US;
}

static void es_answer(const void *arg, struct strbuf *out)
{
    const struct sink_es *sink = arg;

    strbuf_puts(out, sink->server);
}

const struct sink_kind *sink_es(void)
{
    static const struct sink_kind kind = {
        .name = "es",
        .form = "es;TYPE;INDEX;URL[;USER:PASSWORD]",
        .fields_min = 3,
        .fields_max = 4,
        .secrets = 1u << 3,
        .parse = es_parse,
        .start = es_start,
        .offer = es_offer,
        .hurry = es_hurry,
        .acknowledge = es_acknowledge,
        .answer = es_answer,
        .close = es_close,
    };

    return &kind;
}
