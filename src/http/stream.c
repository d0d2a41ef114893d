/* stream: events as they happen. SPDX-License-Identifier: MIT */
#include "http/stream.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/util/mem.h"
#include "http/site.h"

#define SECOND_US 1000000
#define EVENT_MAX 65536
#define SLICE 50 /* clients served in one turn */

struct client {
    struct streams *streams;
    struct client *prev;
    struct client *next;
    struct response *response;
    unsigned missed; /* events in a row */
};

struct streams {
    struct loop_source *second;
    struct loop_source *work;
    const struct engine *engine;
    struct server_counters *counters;
    struct client *first;
    struct client *at; /* the next one to get the event */
    struct strbuf event;
};

static void on_second(void *arg);
static bool on_work(void *arg);

struct streams *streams_new(struct loop *loop, const struct engine *engine,
                            struct server_counters *counters)
{
    struct streams *streams = mem_calloc(1, sizeof(*streams));

    streams->engine = engine;
    streams->counters = counters;
    strbuf_init(&streams->event, EVENT_MAX);
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
    strbuf_free(&streams->event);
    free(streams);
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
    if (--streams->counters->streams == 0)
        loop_source_pause(streams->second);
    free(client);
}

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

static void make_event(struct streams *streams)
{
    struct strbuf *event = &streams->event;

    strbuf_reset(event);
    strbuf_puts(event, "event: throughput\ndata: {\"interfaces\":[");
    for (uint16_t id = 0; id < engine_ifaces(streams->engine); id++) {
        if (id > 0)
            strbuf_puts(event, ",");
        put_iface(event, engine_iface(streams->engine, id));
    }
    strbuf_puts(event, "]}\n\n");
}

/* Give the client the event, or drop it. */
static void serve(struct streams *streams, struct client *client)
{
    struct response *response = client->response;

    if (response_waiting(response) <= STREAM_BEHIND) {
        client->missed = 0;
        response_write(response, streams->event.text, streams->event.len);
        return;
    }
    streams->counters->stream_skipped++;
    if (++client->missed < STREAM_PATIENCE)
        return;
    streams->counters->stream_dropped++;
    on_abort(client);
    response_cut(response);
}

static void on_second(void *arg)
{
    struct streams *streams = arg;

    make_event(streams);
    streams->at = streams->first;
    loop_source_resume(streams->work);
}

static bool on_work(void *arg)
{
    struct streams *streams = arg;

    for (unsigned i = 0; i < SLICE && streams->at != NULL; i++) {
        struct client *client = streams->at;

        streams->at = client->next;
        serve(streams, client);
    }
    return streams->at != NULL;
}

void stream_page(struct response *response)
{
    static const char hello[] = "retry: 3000\n\n";
    struct streams *streams = response_site(response)->streams;
    struct client *client;

    if (response_request(response)->head.method == HTTP_HEAD) {
        response_send(response, 200, "text/event-stream", "", 0);
        return;
    }
    if (streams->counters->streams >= STREAMS_MAX) {
        response_error(response, 503, "Too many event streams");
        return;
    }
    client = mem_calloc(1, sizeof(*client));
    client->streams = streams;
    client->response = response;
    client->next = streams->first;
    if (streams->first != NULL)
        streams->first->prev = client;
    streams->first = client;
    if (streams->counters->streams++ == 0)
        loop_source_resume(streams->second);
    response_on_abort(response, on_abort, client);
    /* Proxies must not collect what should come at once. */
    response_header(response, "X-Accel-Buffering", "no");
    response_begin(response, 200, "text/event-stream");
    response_write(response, hello, sizeof(hello) - 1);
}
