/* saved_devices: devices as something that is kept. SPDX-License-Identifier:
 * MIT
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/run/kept_json.h"
#include "core/run/saved_internal.h"

static_assert(DEVICE_ASKED == SAVED_ASKED && DEVICE_KEPT == SAVED_KEPT,
              "flags are set by saved.c");

static struct device *at(const struct iface *iface, uint32_t index)
{
    return devices_at(&iface->devices, index);
}

static uint32_t next(const struct iface *iface, uint32_t *cursor)
{
    return devices_next(&iface->devices, cursor);
}

static void identify(const struct iface *iface, uint32_t index,
                     struct saved_id *id)
{
    memcpy(id->mac, at(iface, index)->mac, MAC_SIZE);
    id->vlan = at(iface, index)->vlan;
}

static uint32_t find(const struct iface *iface, const struct saved_id *id)
{
    return devices_find(&iface->devices, id->mac, id->vlan);
}

static void label(const struct saved_id *id, char text[SAVED_LABEL_SIZE])
{
    char mac[MAC_TEXT_SIZE];

    snprintf(text, SAVED_LABEL_SIZE, "%s@%u", mac_format(id->mac, mac),
             id->vlan);
}

/* Whatever sends is on a local network. */
static enum saved_choice choose(const struct iface *iface, uint32_t index)
{
    const struct device *device = at(iface, index);

    return device->is_source && !mac_is_group(device->mac) ? SAVED_AS_LOCAL
                                                           : SAVED_NEVER;
}

static uint8_t *flags(const struct iface *iface, uint32_t index)
{
    return &at(iface, index)->flags;
}

/* The form of ntopng 3.0's `ntopng.serialized_macs`, with "v" and counters. */
static void write(struct json *json, const struct iface *iface, uint32_t index)
{
    const struct device *device = at(iface, index);
    char text[ADDR_TEXT_SIZE > MAC_TEXT_SIZE ? ADDR_TEXT_SIZE : MAC_TEXT_SIZE];

    json_map(json);
    kept_put_uint(json, "v", KEPT_VERSION);
    kept_put_text(json, "mac", mac_format(device->mac, text));
    kept_put_uint(json, "seen.first", device->first_s);
    kept_put_uint(json, "seen.last", device->last_s);
    kept_put_some(json, "vlan_id", device->vlan);
    if (!addr_is_zero(&device->ip))
        kept_put_text(json, "ip", addr_format(&device->ip, text));
    for (enum way way = 0; way < WAYS; way++)
        kept_put_traffic(json, kept_way(way), &device->traffic[way]);
    json_key(json, "arp");
    json_map(json);
    kept_put_some(json, "requests.sent", device->arp_requests[WAY_SENT]);
    kept_put_some(json, "requests.rcvd", device->arp_requests[WAY_RCVD]);
    kept_put_some(json, "replies.sent", device->arp_replies[WAY_SENT]);
    kept_put_some(json, "replies.rcvd", device->arp_replies[WAY_RCVD]);
    json_end_map(json);
    json_end_map(json);
}

static void add_arp(uint32_t *counter, const struct json_value *arp,
                    const char *key)
{
    uint64_t more = kept_get_count(arp, key);

    *counter =
        more < UINT32_MAX - *counter ? *counter + (uint32_t)more : UINT32_MAX;
}

static void add(struct device *device, const struct json_value *root)
{
    const struct json_value *arp = json_get(root, "arp");
    const char *ip = json_as_text(json_get(root, "ip"));
    uint64_t first_s = kept_get_count(root, "seen.first");
    struct addr addr;

    if (first_s != 0 && first_s < device->first_s)
        device->first_s = (uint32_t)first_s;
    if (addr_is_zero(&device->ip) && ip != NULL && addr_parse(ip, &addr))
        device->ip = addr;
    for (enum way way = 0; way < WAYS; way++) {
        struct traffic more = kept_get_traffic(root, kept_way(way));

        device->traffic[way].packets += more.packets;
        device->traffic[way].bytes += more.bytes;
    }
    add_arp(&device->arp_requests[WAY_SENT], arp, "requests.sent");
    add_arp(&device->arp_requests[WAY_RCVD], arp, "requests.rcvd");
    add_arp(&device->arp_replies[WAY_SENT], arp, "replies.sent");
    add_arp(&device->arp_replies[WAY_RCVD], arp, "replies.rcvd");
}

static bool restore(const struct iface *iface, uint32_t index, const char *text,
                    size_t len)
{
    struct device *device = at(iface, index);
    struct json_value *root = json_parse(text, len);
    const char *mac = json_as_text(json_get(root, "mac"));
    uint8_t bytes[MAC_SIZE];
    bool is_good = kept_has_version(root) && mac != NULL &&
                   mac_parse(mac, bytes) &&
                   memcmp(bytes, device->mac, MAC_SIZE) == 0;

    if (is_good)
        add(device, root);
    json_forget(root);
    return is_good;
}

const struct saved_kind *saved_devices(void)
{
    static const struct saved_kind kind = {
        .key = "ntopng.serialized_macs",
        .next = next,
        .identify = identify,
        .find = find,
        .label = label,
        .choose = choose,
        .flags = flags,
        .write = write,
        .restore = restore,
    };

    return &kind;
}
