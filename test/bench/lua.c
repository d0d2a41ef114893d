/* lua: what scripts cost, and what they cost others.
 * SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "core/model/engine.h"
#include "core/model/network.h"
#include "core/run/loop.h"
#include "core/util/log.h"
#include "core/util/mem.h"
#include "frame.h"
#include "lua/dirs.h"
#include "lua/lib.h"
#include "lua/scripts.h"
#include "lua/vm.h"
#include "model.h"

/*
 * Usage: lua /INSTALL/DIR. An engine with FLOWS flows, and the machine of
 * scripts on a loop, on which frames come as well.
 */
#define SECOND_US 1000000LL
#define FLOWS 100000
#define HELLOS 2000
#define PAGES 200
#define WAITING 1000
#define BUSY 50
#define FRAMES 20 /* of those that come every millisecond */

struct stage {
    struct networks *networks;
    struct engine *engine;
    struct iface *iface;
    struct loop *loop;
    struct options options;
    struct lib_dirs dirs;
    struct lib_context context;
    struct vm *vm;
    struct loop_source *work; /* the engine's, each second */
    int64_t now_us;           /* of the frames */
    uint32_t frames;
    unsigned left; /* runs to start */
    bool is_full;  /* writers have no room */
};

/* --- Traffic --- */

/* A frame of one of the flows. */
static void feed(struct stage *stage)
{
    uint32_t number = stage->frames++ % FLOWS;
    struct addr client = addr_numbered(number % 20000);
    struct build b = {0};
    struct frame frame;
    size_t ip, udp;

    put_ether(&b, 0x0800);
    ip = put_ip4(&b, IP_PROTO_UDP, 1);
    memcpy(b.bytes + ip + 12, client.bytes + 12, 4);
    udp = put_udp(&b, 1024 + number / 20000, 2222);
    put_zeros(&b, 64);
    end_udp(&b, udp);
    end_ip4(&b, ip);
    frame = (struct frame){
        .bytes = b.bytes,
        .captured_len = (uint32_t)b.len,
        .wire_len = (uint32_t)b.len,
        .when_us = stage->now_us,
        .link_type = 1,
    };
    engine_frame(stage->iface, &frame);
}

static bool on_work(void *arg)
{
    const struct stage *stage = arg;

    return engine_work(stage->engine);
}

static void on_frames(void *arg)
{
    struct stage *stage = arg;

    stage->now_us += 1000;
    for (unsigned i = 0; i < FRAMES; i++)
        feed(stage);
    if (stage->now_us % SECOND_US != 0)
        return;
    engine_tick(stage->engine, stage->now_us);
    loop_source_resume(stage->work);
}

static bool open_engine(struct stage *stage)
{
    struct engine_config config = {
        .max_flows = 2 * FLOWS,
        .max_hosts = 2 * FLOWS,
        .partial_record_s = 300,
        .instance_name = "bench",
        .seed = {1, 2, 3, 4, 5, 6, 7},
    };

    for (int i = 0; i < FLOW_CLASSES; i++)
        config.timeout_s[i] = 600;
    stage->networks = network_new();
    network_add_private(stage->networks);
    config.networks = stage->networks;
    stage->engine = engine_new(&config);
    if (stage->engine == NULL)
        return false;
    stage->iface = engine_add_iface(stage->engine, "bench", true);
    stage->now_us = 1600000000 * SECOND_US;
    for (unsigned i = 0; i < FLOWS; i++)
        feed(stage);
    while (engine_work(stage->engine))
        continue;
    return true;
}

/* --- Runs --- */

static bool on_write(void *arg, const char *bytes, size_t len)
{
    const struct stage *stage = arg;

    (void)bytes;
    (void)len;
    return !stage->is_full;
}

static void on_ended(void *arg, enum vm_result result, const char *error)
{
    struct stage *stage = arg;

    if (result != VM_DONE)
        printf("lua: a script failed: %s\n", error);
    if (--stage->left == 0)
        loop_stop(stage->loop);
}

static void start(struct stage *stage, const char *text)
{
    struct vm_script script = {
        .path = "bench.lua",
        .source = text,
        .source_len = strlen(text),
        .prelude = SCRIPTS_PRELUDE,
        .write = on_write,
        .ended = on_ended,
        .arg = stage,
    };

    if (vm_start(stage->vm, &script) == NULL)
        abort();
}

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* One after the other; @return runs a second. */
static double rate(struct stage *stage, const char *text, unsigned count)
{
    double began = seconds();

    for (unsigned i = 0; i < count; i++) {
        stage->left = 1;
        start(stage, text);
        loop_run(stage->loop);
    }
    return count / (seconds() - began);
}

static void measure_rates(struct stage *stage)
{
    static const char page[] =
        "local json = require 'dkjson'\n"
        "local rows = interface.getFlowsInfo(nil, {sortColumn = 'column_bytes',"
        " a2zSortOrder = false, maxHits = 100, toSkip = 50}).flows\n"
        "print(json.encode(rows))";

    printf("lua: hello world: %.0f runs a second\n",
           rate(stage, "print('hello world')", HELLOS));
    printf("lua: 100 of %u flows, as JSON: %.1f runs a second\n",
           stage->iface->flows.pool.count, rate(stage, page, PAGES));
    fflush(stdout);
}

static long resident_kib(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    long pages = 0;

    if (file != NULL && fscanf(file, "%*d %ld", &pages) != 1)
        pages = 0;
    if (file != NULL)
        fclose(file);
    return pages * 4;
}

static void on_look(void *arg)
{
    struct stage *stage = arg;

    if (vm_counters(stage->vm)->waiting == WAITING)
        loop_stop(stage->loop);
}

static void measure_waiting(struct stage *stage)
{
    long before = resident_kib();
    struct loop_source *look =
        loop_every(stage->loop, 1000, LOOP_TICK, on_look, stage);

    stage->is_full = true;
    stage->left = WAITING + 1;
    for (unsigned i = 0; i < WAITING; i++)
        start(stage, "print('hello world')");
    loop_run(stage->loop);
    printf("lua: %d waiting runs: %.1f KiB each in Lua, %.1f KiB each "
           "resident\n",
           WAITING, (double)vm_counters(stage->vm)->memory / 1024.0 / WAITING,
           (double)(resident_kib() - before) / WAITING);
    loop_source_free(look);
    stage->is_full = false;
}

/* --- Lag --- */

static void print_histogram(const char *name,
                            const struct loop_histogram *histogram)
{
    printf("  %s: p99 %llu us, p99.9 %llu us, most %llu us\n", name,
           (unsigned long long)loop_histogram_percentile(histogram, 0.99),
           (unsigned long long)loop_histogram_percentile(histogram, 0.999),
           (unsigned long long)loop_histogram_percentile(histogram, 1));
}

static void measure_lag(struct stage *stage)
{
    static const char busy[] =
        "local ends = ntop.gettimemsec() + 5\n"
        "while ntop.gettimemsec() < ends do\n"
        "  interface.getFlowsInfo(nil, {sortColumn = 'column_client',"
        "   maxHits = 100, filter = 'app~tls or port=2222'})\n"
        "  interface.getHostsInfo(true, 'column_name', 100)\n"
        "  interface.getStats() interface.getFlowsStats()\n"
        "  interface.getGroupedHosts(true, 'column_mac')\n"
        "  local t = {}\n"
        "  for i = 1, 3000 do t[i] = tostring(i * 7919 % 3001) end\n"
        "  table.sort(t) table.concat(t, ','):gsub('%d+', '')\n"
        "end";
    struct loop_source *frames =
        loop_every(stage->loop, 1000, LOOP_CAPTURE, on_frames, stage);
    const struct vm_counters *counters = vm_counters(stage->vm);
    uint64_t slow = counters->slow_turns;

    stage->left = BUSY;
    for (unsigned i = 0; i < BUSY; i++)
        start(stage, busy);
    loop_run(stage->loop);
    loop_source_free(frames);
    printf("lua: %d scripts over %u flows, %d frames a millisecond: %llu "
           "slices over 5 ms\n",
           BUSY, stage->iface->flows.pool.count, FRAMES,
           (unsigned long long)(vm_counters(stage->vm)->slow_turns - slow));
    print_histogram("timers late", loop_late(stage->loop));
    print_histogram("captures ran", loop_ran(stage->loop, LOOP_CAPTURE));
    print_histogram("scripts ran", loop_ran(stage->loop, LOOP_PAGE));
}

int main(int argc, char **argv)
{
    struct stage stage = {.frames = 0};

    if (argc != 2 || !open_engine(&stage)) {
        fprintf(stderr, "usage: lua /INSTALL/DIR\n");
        return EXIT_FAILURE;
    }
    log_set_verbosity(3);
    stage.options.install_dir = argv[1];
    stage.options.data_dir = argv[1];
    dirs_open(&stage.dirs, &stage.options);
    stage.loop = loop_new();
    stage.context = (struct lib_context){
        .engine = stage.engine,
        .loop = stage.loop,
        .dirs = &stage.dirs,
        .options = &stage.options,
        .networks = stage.networks,
    };
    stage.work = loop_defer(stage.loop, LOOP_TICK, on_work, &stage);
    stage.vm = vm_new(&(struct vm_config){
        .loop = stage.loop,
        .context = &stage.context,
        .total_memory = (size_t)1 << 30,
    });
    measure_lag(&stage);
    measure_rates(&stage);
    measure_waiting(&stage);
    vm_free(stage.vm);
    loop_source_free(stage.work);
    loop_free(stage.loop);
    dirs_close(&stage.dirs);
    engine_free(stage.engine);
    network_free(stage.networks);
    return EXIT_SUCCESS;
}
