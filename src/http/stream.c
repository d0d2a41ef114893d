/* stream: events as they happen. SPDX-License-Identifier: MIT */
#include "http/stream.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/util/json.h"
#include "core/util/mem.h"
#include "http/site.h"
#include "http/stream_alerts.h"
#include "http/stream_wish.h"
#include "lua/access.h"

#define SECOND_US 1000000
#define SLICE_US 1000     /* of serving clients, in one turn */
#define EVENTS_MAX 262144 /* bytes for one client in one second */

struct client {
    struct streams *streams;
    struct client *prev;
    struct client *next;
    struct response *response;
    struct user *account; /* whose networks `access` names, or NULL */
    struct lib_access access;
    struct stream_wish wish;
    char user[REQUEST_USER_MAX + 1];
    int64_t end_us;
    unsigned missed; /* seconds in a row */
};

struct streams {
    struct loop *loop;
    struct loop_source *second;
    struct loop_source *work;
    const struct engine *engine;
    struct alerts *alerts;
    struct stream_alerts *heard;
    struct server_counters *counters;
    struct client *first;
    struct client *at; /* the next one to be served */
    unsigned rows;     /* of all */
    struct json *json;
    struct strbuf events;
};

static void on_second(void *arg);
static bool on_work(void *arg);

struct streams *streams_new(struct loop *loop, const struct engine *engine,
                            struct alerts *alerts,
                            struct server_counters *counters)
{
    struct streams *streams = mem_calloc(1, sizeof(*streams));

    streams->loop = loop;
    streams->engine = engine;
    streams->alerts = alerts;
    streams->counters = counters;
    streams->heard = stream_alerts_new();
    streams->json = json_new();
    strbuf_init(&streams->events, EVENTS_MAX);
    streams->second =
        loop_every(loop, SECOND_US, LOOP_PAGE, on_second, streams);
    loop_source_pause(streams->second);
    streams->work = loop_defer(loop, LOOP_PAGE, on_work, streams);
    return streams;
}

void streams_free(struct streams *streams)
{
    if (streams == NULL)
        return;
    assert(streams->first == NULL);
    loop_source_free(streams->second);
    loop_source_free(streams->work);
    stream_alerts_free(streams->heard);
    json_free(streams->json);
    strbuf_free(&streams->events);
    free(streams);
}

/* --- Clients --- */

static void on_alert(void *arg, const struct alert_news *news)
{
    struct streams *streams = arg;

    stream_alerts_take(streams->heard, news);
}

/* Nobody collects what nobody hears. */
static void set_listening(struct streams *streams, bool is_on)
{
    if (streams->alerts != NULL)
        alerts_listen(streams->alerts, is_on ? on_alert : NULL, streams);
    if (is_on) {
        loop_source_resume(streams->second);
        return;
    }
    loop_source_pause(streams->second);
    stream_alerts_turn(streams->heard);
    stream_alerts_turn(streams->heard);
}

static void client_free(struct client *client)
{
    stream_wish_free(&client->wish);
    user_release(client->account);
    free(client);
}

static void on_abort(void *arg)
{
    struct client *client = arg;
    struct streams *streams = client->streams;

    if (streams->at == client)
        streams->at = client->next;
    if (client->prev != NULL)
        client->prev->next = client->next;
    else
        streams->first = client->next;
    if (client->next != NULL)
        client->next->prev = client->prev;
    streams->rows -= client->wish.count;
    if (--streams->counters->streams == 0)
        set_listening(streams, false);
    client_free(client);
}

static void link_client(struct streams *streams, struct client *client)
{
    client->next = streams->first;
    if (streams->first != NULL)
        streams->first->prev = client;
    streams->first = client;
    streams->rows += client->wish.count;
    if (streams->counters->streams++ == 0)
        set_listening(streams, true);
}

/* A whole end: the browser comes again at once. */
static void end_client(struct client *client)
{
    static const char bye[] = "retry: 100\n\n";
    struct response *response = client->response;

    on_abort(client);
    response_on_abort(response, NULL, NULL);
    response_write(response, bye, sizeof(bye) - 1);
    response_end(response);
}

void streams_end(struct streams *streams, const char *user)
{
    struct client *next;

    for (struct client *at = streams->first; at != NULL; at = next) {
        next = at->next;
        if (at->account != NULL && strcmp(at->user, user) == 0)
            end_client(at);
    }
}

/* --- Events --- */

/* A JSON string; names of interfaces are valid UTF-8 or the kernel's. */
static void put_string(struct strbuf *out, const char *text)
{
    strbuf_puts(out, "\"");
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '"' || c == '\\')
            strbuf_printf(out, "\\%c", c);
        else if (c < 0x20 || c >= 0x7f)
            strbuf_printf(out, "\\u%04x", c);
        else
            strbuf_add(out, text, 1);
    }
    strbuf_puts(out, "\"");
}

static void put_iface(struct strbuf *out, const struct iface *iface)
{
    static const struct iface_second silence;
    const struct iface_second *second =
        iface_second_at(iface, iface_now_s(iface) - 1);

    if (second == NULL)
        second = &silence;
    strbuf_printf(out,
                  "{\"time\":%u,\"ifid\":%u,\"name\":", iface_now_s(iface) - 1,
                  iface->id);
    put_string(out, iface->name);
    strbuf_printf(out, ",\"bytes\":%" PRIu64 ",\"packets\":%u,\"drops\":%u}",
                  second->bytes, second->packets, second->drops);
}

static void put_throughput(struct strbuf *out, const struct engine *engine,
                           const struct lib_access *access)
{
    const char *separator = "";

    strbuf_puts(out, "event: throughput\ndata: {\"interfaces\":[");
    for (uint16_t id = 0; id < engine_ifaces(engine); id++) {
        const struct iface *iface = engine_iface(engine, id);

        if (!lib_sees_iface(access, iface))
            continue;
        strbuf_puts(out, separator);
        put_iface(out, iface);
        separator = ",";
    }
    strbuf_puts(out, "]}\n\n");
}

static void make_events(struct streams *streams, struct client *client)
{
    struct strbuf *out = &streams->events;
    const struct lib_access *access = &client->access;

    strbuf_reset(out);
    if (client->wish.alerts)
        stream_alerts_tell(streams->heard, access, out);
    if (client->wish.throughput)
        put_throughput(out, streams->engine, access);
    stream_wish_tell(&client->wish, access, streams->json, out);
}

/* Give the client its events, or drop it. */
static void serve(struct streams *streams, struct client *client)
{
    struct response *response = client->response;

    if (response_waiting(response) <= STREAM_BEHIND) {
        client->missed = 0;
        make_events(streams, client);
        /* What is cut would be taken for something else. */
        if (streams->events.truncated == 0)
            response_write(response, streams->events.text, streams->events.len);
        if (loop_now_us(streams->loop) >= client->end_us)
            end_client(client);
        return;
    }
    streams->counters->stream_skipped++;
    if (++client->missed < STREAM_PATIENCE)
        return;
    streams->counters->stream_dropped++;
    on_abort(client);
    response_cut(response);
}

/* When the last one was not served within the second, nobody is served twice:
 * this one is left out, and its alerts go with the next. */
static void on_second(void *arg)
{
    struct streams *streams = arg;

    if (streams->at != NULL)
        return;
    stream_alerts_turn(streams->heard);
    streams->at = streams->first;
    loop_source_resume(streams->work);
}

static bool on_work(void *arg)
{
    struct streams *streams = arg;

    while (streams->at != NULL && loop_spent_us(streams->loop) < SLICE_US) {
        struct client *client = streams->at;

        streams->at = client->next;
        serve(streams, client);
    }
    return streams->at != NULL;
}

/* --- The handler --- */

static unsigned count_user(const struct streams *streams, const char *user)
{
    unsigned count = 0;

    for (const struct client *at = streams->first; at != NULL; at = at->next)
        count += at->account != NULL && strcmp(at->user, user) == 0;
    return count;
}

/* Whether there is room for one more; answered if not. */
static bool has_room(const struct streams *streams, struct response *response)
{
    const struct request *request = response_request(response);

    if (streams->counters->streams >= STREAMS_MAX) {
        response_error(response, 503, "Too many event streams");
        return false;
    }
    if (request->account != NULL &&
        count_user(streams, request->user) >= STREAMS_OF_USER) {
        response_error(response, 429, "Too many event streams of this user");
        return false;
    }
    return true;
}

static struct client *client_new(struct streams *streams,
                                 struct response *response)
{
    const struct request *request = response_request(response);
    struct client *client = mem_calloc(1, sizeof(*client));
    const struct user *account = request->account;

    client->streams = streams;
    client->response = response;
    client->end_us =
        loop_now_us(streams->loop) + (int64_t)STREAM_LIFE_S * SECOND_US;
    memcpy(client->user, request->user, sizeof(client->user));
    client->access.is_admin = request->role == ROLE_ADMINISTRATOR;
    if (account != NULL) {
        client->account = user_hold(account);
        client->access.networks = account->networks;
        client->access.iface =
            account->iface[0] != '\0' ? account->iface : NULL;
    }
    return client;
}

static void begin(struct response *response, struct client *client)
{
    static const char hello[] = "retry: 3000\n\n";

    link_client(client->streams, client);
    response_on_abort(response, on_abort, client);
    /* Proxies must not collect what should come at once. */
    response_header(response, "X-Accel-Buffering", "no");
    response_begin(response, 200, "text/event-stream");
    response_write(response, hello, sizeof(hello) - 1);
}

void stream_page(struct response *response)
{
    const struct request *request = response_request(response);
    struct streams *streams = response_site(response)->streams;
    struct client *client;
    struct strbuf error;

    if (!has_room(streams, response))
        return;
    client = client_new(streams, response);
    strbuf_init(&error, 256);
    if (!stream_wish_read(&client->wish, &request->query, streams->engine,
                          &client->access, &error)) {
        client_free(client);
        response_error(response, 400, error.text);
    } else if (streams->rows + client->wish.count > STREAM_ROWS_MAX) {
        client_free(client);
        response_error(response, 503, "Too many rows in event streams");
    } else if (request->head.method == HTTP_HEAD) {
        client_free(client);
        response_send(response, 200, "text/event-stream", "", 0);
    } else {
        begin(response, client);
    }
    strbuf_free(&error);
}
