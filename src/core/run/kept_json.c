/* kept_json: what all that is kept has in common. SPDX-License-Identifier: MIT
 */
#include "core/run/kept_json.h"

#define COUNT_MAX (UINT64_C(1) << 60)

const char *kept_way(enum way way)
{
    return way == WAY_SENT ? "sent" : "rcvd";
}

void kept_put_uint(struct json *json, const char *key, uint64_t number)
{
    json_key(json, key);
    json_uint(json, number);
}

void kept_put_some(struct json *json, const char *key, uint64_t number)
{
    if (number != 0)
        kept_put_uint(json, key, number);
}

void kept_put_text(struct json *json, const char *key, const char *text)
{
    json_key(json, key);
    json_text(json, text);
}

void kept_put_traffic(struct json *json, const char *key,
                      const struct traffic *traffic)
{
    json_key(json, key);
    json_map(json);
    kept_put_uint(json, "packets", traffic->packets);
    kept_put_uint(json, "bytes", traffic->bytes);
    json_end_map(json);
}

void kept_put_app(struct json *json, const struct dpi *dpi, uint16_t id,
                  const struct kept_app *app)
{
    json_key(json, dpi_app_name(dpi, id));
    json_map(json);
    kept_put_uint(json, "duration", app->duration_s);
    kept_put_uint(json, "flows", app->flows);
    json_key(json, "bytes");
    json_map(json);
    for (enum way way = 0; way < WAYS; way++)
        kept_put_uint(json, kept_way(way), app->traffic[way].bytes);
    json_end_map(json);
    json_key(json, "packets");
    json_map(json);
    for (enum way way = 0; way < WAYS; way++)
        kept_put_uint(json, kept_way(way), app->traffic[way].packets);
    json_end_map(json);
    json_end_map(json);
}

bool kept_has_version(const struct json_value *root)
{
    uint64_t version;

    return json_get(root, "v") == NULL ||
           (json_as_uint(json_get(root, "v"), &version) &&
            version == KEPT_VERSION);
}

uint64_t kept_get_count(const struct json_value *map, const char *key)
{
    uint64_t number;

    return json_as_uint(json_get(map, key), &number) && number < COUNT_MAX
               ? number
               : 0;
}

struct traffic kept_get_traffic(const struct json_value *map, const char *key)
{
    const struct json_value *traffic = json_get(map, key);

    return (struct traffic){kept_get_count(traffic, "packets"),
                            kept_get_count(traffic, "bytes")};
}

void kept_get_apps(const struct json_value *apps, const struct dpi *dpi,
                   void (*take)(void *arg, uint16_t id,
                                const struct kept_app *app),
                   void *arg)
{
    const struct json_value *stats;
    const char *name;

    if (json_type_of(apps) != JSON_MAP)
        return;
    for (size_t i = 0; (stats = json_at(apps, i, &name)) != NULL; i++) {
        int id = dpi_app_id(dpi, name);
        struct kept_app app = {
            .duration_s = kept_get_count(stats, "duration"),
            .flows = kept_get_count(stats, "flows"),
        };

        if (id < 0)
            continue; /* of another nDPI */
        for (enum way way = 0; way < WAYS; way++)
            app.traffic[way] = (struct traffic){
                kept_get_count(json_get(stats, "packets"), kept_way(way)),
                kept_get_count(json_get(stats, "bytes"), kept_way(way)),
            };
        take(arg, (uint16_t)id, &app);
    }
}
