/* traffic: an engine to feed by hand, for tests. SPDX-License-Identifier: MIT
 */
#ifndef KELVIN_TEST_TRAFFIC_H
#define KELVIN_TEST_TRAFFIC_H

#include "core/model/engine.h"
#include "core/model/network.h"
#include "frame.h"

#define SECOND_US 1000000LL
#define START_US (1600000000 * SECOND_US)

struct traffic_bed {
    struct networks *networks;
    struct engine *engine;
    struct iface *iface;
    int64_t now_us; /* of the next frame */
};

static inline void traffic_open(struct traffic_bed *bed,
                                const struct locator *locator)
{
    struct engine_config config = {
        .max_flows = 1024,
        .max_hosts = 1024,
        .partial_record_s = 300,
        .instance_name = "probe",
        .locator = locator,
        .seed = {1, 2, 3, 4, 5, 6, 7},
    };

    for (int i = 0; i < FLOW_CLASSES; i++)
        config.timeout_s[i] = 600;
    bed->networks = network_new();
    network_add_private(bed->networks);
    config.networks = bed->networks;
    bed->engine = engine_new(&config);
    assert_non_null(bed->engine);
    bed->iface = engine_add_iface(bed->engine, "test.pcap", false);
    bed->now_us = START_US;
}

static inline void traffic_close(struct traffic_bed *bed)
{
    engine_free(bed->engine);
    network_free(bed->networks);
}

/* The frame comes now, and the engine does all its work. */
static inline void traffic_frame(struct traffic_bed *bed, const struct build *b)
{
    struct frame frame = {
        .bytes = b->bytes,
        .captured_len = (uint32_t)b->len,
        .wire_len = (uint32_t)b->len,
        .when_us = bed->now_us,
        .link_type = 1,
    };

    engine_frame(bed->iface, &frame);
    while (engine_work(bed->engine))
        continue;
}

/* put_ip4_udp() of this `net`: 52 bytes. */
static inline void traffic_udp(struct traffic_bed *bed, unsigned net)
{
    struct build b = {0};

    put_ether(&b, 0x0800);
    put_ip4_udp(&b, net);
    traffic_frame(bed, &b);
}

/* Turn a frame from put_ether() and put_ip4() into one of the other end. */
static inline void traffic_turn(struct build *b)
{
    uint8_t other[6];

    memcpy(other, b->bytes, 6);
    memmove(b->bytes, b->bytes + 6, 6);
    memcpy(b->bytes + 6, other, 6);
    memcpy(other, b->bytes + 26, 4);
    memmove(b->bytes + 26, b->bytes + 30, 4);
    memcpy(b->bytes + 30, other, 4);
}

#endif
