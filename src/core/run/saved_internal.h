/* saved_internal: what saved.c does with hosts, and with devices.
 * SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_SAVED_INTERNAL_H
#define KELVIN_RUN_SAVED_INTERNAL_H

#include "core/model/engine.h"
#include "core/util/json.h"

/* Where one is found again, whatever became of its index. */
struct saved_id {
    struct addr addr;
    uint8_t mac[MAC_SIZE];
    uint16_t vlan;
};

#define SAVED_LABEL_SIZE 64

/* Flags of an entity: enum host_flag, enum device_flag. */
#define SAVED_ASKED 0x40
#define SAVED_KEPT 0x80

/* Whether it is to be kept. */
enum saved_choice {
    SAVED_NEVER,
    SAVED_AS_LOCAL,  /* as local hosts are */
    SAVED_AS_REMOTE, /* as remote hosts are */
};

/* Entities of an interface, by their index. */
struct saved_kind {
    const char *key; /* "ntopng.serialized_hosts" */
    /* As hosts_next(). */
    uint32_t (*next)(const struct iface *iface, uint32_t *cursor);
    void (*identify)(const struct iface *iface, uint32_t index,
                     struct saved_id *id);
    /* POOL_NONE: it is gone. */
    uint32_t (*find)(const struct iface *iface, const struct saved_id *id);
    /* The end of its key: "10.0.0.1@0". */
    void (*label)(const struct saved_id *id, char text[SAVED_LABEL_SIZE]);
    enum saved_choice (*choose)(const struct iface *iface, uint32_t index);
    uint8_t *(*flags)(const struct iface *iface, uint32_t index);
    /* One map. */
    void (*write)(struct json *json, const struct iface *iface, uint32_t index);
    /* Add what was kept. @return false: this is no such map. */
    bool (*restore)(const struct iface *iface, uint32_t index, const char *text,
                    size_t len);
};

const struct saved_kind *saved_hosts(void);
const struct saved_kind *saved_devices(void);

#endif
