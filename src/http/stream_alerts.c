/* stream_alerts: what alerts there were in the last second.
 * SPDX-License-Identifier: MIT */
#include "http/stream_alerts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/util/json.h"
#include "core/util/mem.h"
#include "core/util/utf8.h"
#include "lua/lib_interface.h"

struct heard {
    const struct iface *iface;
    char *text; /* JSON */
    bool is_of_iface;
    bool is_of_host;
    struct addr addr;
};

struct second {
    struct heard items[STREAM_ALERTS];
    unsigned count;
    uint64_t missed;
};

struct stream_alerts {
    struct second *running;
    struct second *past;
    struct json *json;
};

struct stream_alerts *stream_alerts_new(void)
{
    struct stream_alerts *alerts = mem_calloc(1, sizeof(*alerts));

    alerts->running = mem_calloc(1, sizeof(*alerts->running));
    alerts->past = mem_calloc(1, sizeof(*alerts->past));
    alerts->json = json_new();
    return alerts;
}

static void clear(struct second *second)
{
    for (unsigned i = 0; i < second->count; i++)
        free(second->items[i].text);
    second->count = 0;
    second->missed = 0;
}

void stream_alerts_free(struct stream_alerts *alerts)
{
    if (alerts == NULL)
        return;
    clear(alerts->running);
    clear(alerts->past);
    free(alerts->running);
    free(alerts->past);
    json_free(alerts->json);
    free(alerts);
}

void stream_alerts_turn(struct stream_alerts *alerts)
{
    struct second *over = alerts->running;

    alerts->running = alerts->past;
    alerts->past = over;
    clear(alerts->running);
}

static void put_text(struct json *json, const char *key, const char *text)
{
    char clean[ALERT_TEXT_MAX];

    utf8_clean(clean, sizeof(clean), text, strlen(text));
    json_key(json, key);
    json_text(json, clean);
}

void stream_alerts_take(struct stream_alerts *alerts,
                        const struct alert_news *news)
{
    struct second *second = alerts->running;
    struct json *json = alerts->json;
    struct heard *heard = &second->items[second->count];
    uint16_t vlan;
    size_t len;

    if (second->count == STREAM_ALERTS) {
        second->missed++;
        return;
    }
    json_reset(json);
    json_map(json);
    json_key(json, "time");
    json_uint(json, iface_now_s(news->iface));
    json_key(json, "ifid");
    json_uint(json, news->iface->id);
    put_text(json, "what", news->what);
    put_text(json, "severity", alert_severity_name(news->severity));
    put_text(json, "type", alert_type_name(news->type));
    put_text(json, "entity", news->value);
    put_text(json, "text", news->text);
    json_end_map(json);
    *heard = (struct heard){
        .iface = news->iface,
        .text = mem_strdup(json_text_of(json, &len)),
        .is_of_iface = strncmp(news->value, "iface_", 6) == 0,
    };
    heard->is_of_host = lib_parse_host(news->value, &heard->addr, &vlan);
    second->count++;
}

static bool may_see(const struct lib_access *access, const struct heard *heard)
{
    return lib_sees_iface(access, heard->iface) &&
           (lib_seen_networks(access) == NULL || heard->is_of_iface ||
            (heard->is_of_host && lib_sees_addr(access, &heard->addr)));
}

void stream_alerts_tell(const struct stream_alerts *alerts,
                        const struct lib_access *access, struct strbuf *out)
{
    const struct second *past = alerts->past;

    for (unsigned i = 0; i < past->count; i++)
        if (may_see(access, &past->items[i]))
            strbuf_printf(out, "event: alert\ndata: %s\n\n",
                          past->items[i].text);
    if (past->missed > 0)
        strbuf_printf(out, "event: alert\ndata: {\"missed\":%" PRIu64 "}\n\n",
                      past->missed);
}
