/* fuzz_filter: any expression over flows and hosts. SPDX-License-Identifier:
 * MIT */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/model/engine.h"
#include "core/model/flow_filter.h"
#include "core/model/host_filter.h"
#include "core/model/network.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A UDP frame from 10.0.0.1:1111 to 10.0.1.1:53. */
static const uint8_t frame_bytes[] = {
    2, 0,  0, 0,  0,  0x0b, 2, 0, 0,  0, 0, 0x0a, 8,  0, 0x45, 0, 0, 38,
    0, 0,  0, 0,  64, 17,   0, 0, 10, 0, 0, 1,    10, 0, 1,    1, 4, 87,
    0, 53, 0, 18, 0,  0,    0, 0, 0,  0, 0, 0,    0,  0, 0,    0,
};

static struct networks *networks;
static struct engine *engine;

/* Before leaks are looked for, which do not look into pools. */
static void end(void)
{
    engine_free(engine);
    network_free(networks);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct engine_config config = {.max_flows = 64, .max_hosts = 64};
    struct frame frame = {
        .bytes = frame_bytes,
        .captured_len = sizeof(frame_bytes),
        .wire_len = sizeof(frame_bytes),
        .when_us = 1600000000000000,
        .link_type = 1,
    };

    (void)argc;
    (void)argv;
    networks = network_new();
    network_add_private(networks);
    config.networks = networks;
    for (unsigned class = 0; class < FLOW_CLASSES; class ++)
        config.timeout_s[class] = 60;
    engine = engine_new(&config);
    if (engine == NULL)
        abort();
    engine_frame(engine_add_iface(engine, "fuzz", false), &frame);
    frame.when_us += 2000000; /* a tick: hosts learn of the flow */
    engine_frame(engine_iface(engine, 0), &frame);
    atexit(end);
    return 0;
}

/* Refused in one line of text, if at all. */
static void check(bool is_refused, struct strbuf *error)
{
    assert(is_refused == (error->len != 0));
    for (const unsigned char *at = (const unsigned char *)error->text;
         error->len != 0 && *at != '\0'; at++)
        assert(*at >= 0x20 && *at != 0x7f);
    strbuf_reset(error);
}

static void ask_flows(const char *text, struct strbuf *error)
{
    struct iface *iface = engine_iface(engine, 0);
    struct flow_filter *filter =
        flow_filter_new(text, engine_dpi(engine), error);
    uint32_t cursor = 0;
    uint32_t index;

    check(filter == NULL, error);
    while (filter != NULL &&
           (index = flows_next(&iface->flows, &cursor)) != POOL_NONE)
        (void)flow_filter_matches(filter, iface,
                                  flows_at(&iface->flows, index));
    flow_filter_free(filter);
}

static void ask_hosts(const char *text, struct strbuf *error)
{
    struct iface *iface = engine_iface(engine, 0);
    struct host_filter *filter =
        host_filter_new(text, engine_dpi(engine), error);
    uint32_t cursor = 0;
    uint32_t index;

    check(filter == NULL, error);
    while (filter != NULL &&
           (index = hosts_next(&iface->hosts, &cursor)) != POOL_NONE)
        (void)host_filter_matches(filter, iface, index);
    host_filter_free(filter);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    struct strbuf error;

    if (text == NULL)
        abort();
    memcpy(text, data, size);
    text[size] = '\0';
    strbuf_init(&error, 256);
    ask_flows(text, &error);
    ask_hosts(text, &error);
    strbuf_free(&error);
    free(text);
    return 0;
}
