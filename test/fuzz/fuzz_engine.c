/* fuzz_engine: the whole way of packets. SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/model/engine.h"
#include "core/model/network.h"
#include "core/packet/bytes.h"
#include "core/util/mem.h"

/*
 * The input is that of fuzz_decode: the rank of a link type, options (1:
 * outer only), then frames. Every frame goes through decoding, flows, nDPI,
 * TCP analysis, names and the tick; tables are small, so that eviction and
 * expiry meet too. The engine lives on between inputs, because nDPI takes
 * long to start; each input gets an interface of its own.
 */
#define LINK_NUMBERS 512
#define FRAMES_MAX 64
#define TABLE_CAP 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct engine *engine_make(void)
{
    struct engine_config config = {
        .max_flows = TABLE_CAP,
        .max_hosts = TABLE_CAP,
        .partial_record_s = 20,
        .instance_name = "fuzz",
        .seed = {1, 2, 3, 4, 5, 6, 7},
    };
    struct alert_config alerts = {
        .is_on = true,
        .probing = true,
        .certificates = true,
        .limits = {.per_s = {1, 1, 1, 1}},
    };
    struct networks *networks = network_new();
    struct engine *engine;

    network_add_private(networks);
    config.networks = networks;
    for (unsigned class = 0; class < FLOW_CLASSES; class ++)
        config.timeout_s[class] = 10 + class;
    engine = engine_new(&config);
    engine_set_alerts(engine, &alerts);
    return engine;
}

static int link_choose(unsigned rank)
{
    int known[LINK_NUMBERS];
    unsigned count = 0;

    for (int type = 0; type < LINK_NUMBERS; type++) {
        if (decode_knows_link(type))
            known[count++] = type;
    }
    return known[rank % count];
}

/* Nothing is lost: what flows counted is what the records told. */
static void check(const struct iface *iface)
{
    const struct iface_counters *counters = &iface->counters;

    if (counters->flows != counters->flows_ended ||
        iface->flows.pool.count != 0 ||
        counters->records < counters->flows_ended)
        abort();
    for (unsigned app = 0; app < DPI_APPS; app++)
        if (iface->apps[app].active_flows != 0)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct engine *engine;
    struct bytes in = bytes_of(data, size);
    struct frame frame = {.link_type = link_choose(bytes_u8(&in)),
                          .when_us = INT64_C(1600000000000000)};
    struct iface *iface;

    if (engine == NULL)
        engine = engine_make();
    iface = iface_new(engine, "fuzz", 0, false);
    bytes_skip(&in, 1);
    for (int i = 0; i < FRAMES_MAX && bytes_left(&in) > 0; i++) {
        size_t len = bytes_u16(&in);
        uint32_t more = bytes_u16(&in);
        uint8_t *copy;

        frame.when_us += (int64_t)bytes_u16(&in) * 1000;
        if (len > bytes_left(&in))
            len = bytes_left(&in);
        copy = mem_alloc(len);
        if (len > 0)
            memcpy(copy, bytes_take(&in, len), len);
        frame.bytes = copy;
        frame.captured_len = (uint32_t)len;
        frame.wire_len = frame.captured_len + more;
        iface_frame(iface, &frame);
        free(copy);
    }
    iface_flush(iface);
    check(iface);
    iface_free(iface);
    return 0;
}
