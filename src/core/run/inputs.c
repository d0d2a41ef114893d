/* inputs: the captures of -i, each with its iface. SPDX-License-Identifier: MIT
 */
#include "core/run/inputs.h"

#include <stdlib.h>
#include <string.h>

#include "core/model/network.h"
#include "core/run/capture.h"
#include "core/run/netif.h"
#include "core/util/log.h"
#include "core/util/mem.h"

/* Files whose size is known are read a few at a time, in their order: each
 * that is being read has a window of half a megabyte, and a list may name
 * thousands. */
#define FILES_AT_ONCE 4

struct input {
    struct inputs *inputs;
    struct capture *capture;
    struct iface *iface;
    bool is_file;
    bool is_sized; /* a file that waits for its turn, not for a writer */
    bool has_ended;
    bool has_failed;
};

struct inputs {
    struct input **items;
    size_t count;
    size_t files_open;
    size_t queue_next; /* no sized file before this one waits */
    struct loop *loop;
    struct inputs_handler handler;
};

/* What inputs_open() works with, also through the lines of a list. */
struct opening {
    struct inputs *inputs;
    const struct options *options;
    const char *filter;
    struct networks *networks;
    struct strbuf *error;
    bool has_failed;
};

static void learn_networks(struct networks *networks, const char *name,
                           bool is_local)
{
    struct netif_addr *addrs = NULL;
    int count = netif_addrs(strcmp(name, "any") == 0 ? NULL : name, &addrs);

    if (count < 0)
        log_warn("network", "cannot read the addresses of %s", name);
    for (int i = 0; i < count; i++) {
        network_add_own(networks, &addrs[i].addr);
        if (is_local)
            (void)network_add(networks, &addrs[i].addr, addrs[i].prefix);
    }
    free(addrs);
}

static bool open_one(void *arg, const char *name)
{
    struct opening *opening = arg;
    const struct options *options = opening->options;
    struct inputs *inputs = opening->inputs;
    struct capture_config config = {
        .name = name,
        .filter = opening->filter,
        .promiscuous = !options->no_promiscuous,
        .direction = options->capture_direction,
        .snaplen = options->snaplen,
        .buffer_bytes = (size_t)options->buffer_size << 20,
    };
    char error[CAPTURE_ERROR_SIZE];
    struct capture *capture = capture_open(&config, error);
    struct input *input;
    uint64_t done;
    uint64_t total;

    if (capture == NULL) {
        strbuf_puts(opening->error, error);
        opening->has_failed = true;
        return false;
    }
    input = mem_calloc(1, sizeof(*input));
    input->inputs = inputs;
    input->capture = capture;
    input->is_file = capture_is_file(capture);
    capture_progress(capture, &done, &total);
    input->is_sized = input->is_file && total > 0;
    inputs->items =
        mem_realloc(inputs->items, inputs->count + 1, sizeof(struct input *));
    inputs->items[inputs->count++] = input;
    if (input->is_file)
        inputs->files_open++;
    else
        learn_networks(opening->networks, name,
                       options->local_networks == NULL);
    return true;
}

static void open_named(struct opening *opening, const char *name)
{
    char error[CAPTURE_ERROR_SIZE];

    if (!capture_is_list(name)) {
        (void)open_one(opening, name);
    } else if (capture_list_read(name, open_one, opening, error) < 0 &&
               !opening->has_failed) {
        strbuf_puts(opening->error, error);
        opening->has_failed = true;
    }
}

static void open_default(struct opening *opening)
{
    char name[NETIF_NAME_SIZE];

    if (netif_default(name)) {
        (void)open_one(opening, name);
        return;
    }
    strbuf_puts(opening->error,
                "there is no default route to tell which interface to watch: "
                "name one with -i, or a capture file");
    opening->has_failed = true;
}

static bool check_filter(const char *filter, struct strbuf *error)
{
    char why[CAPTURE_ERROR_SIZE];

    if (filter == NULL || *filter == '\0' || capture_filter_check(filter, why))
        return true;
    strbuf_puts(error, why);
    return false;
}

bool inputs_check(const struct options *options, struct strbuf *error)
{
    for (size_t i = 0; i < options->interface_count; i++)
        if (!check_filter(options->interfaces[i].filter, error))
            return false;
    return check_filter(options->packet_filter, error);
}

struct inputs *inputs_open(const struct options *options,
                           struct networks *networks, struct strbuf *error)
{
    struct inputs *inputs = mem_calloc(1, sizeof(*inputs));
    struct opening opening = {
        .inputs = inputs,
        .options = options,
        .networks = networks,
        .error = error,
    };

    for (size_t i = 0; i < options->interface_count && !opening.has_failed;
         i++) {
        opening.filter = options->interfaces[i].filter != NULL
                             ? options->interfaces[i].filter
                             : options->packet_filter;
        open_named(&opening, options->interfaces[i].name);
    }
    if (options->interface_count == 0) {
        opening.filter = options->packet_filter;
        open_default(&opening);
    }
    if (opening.has_failed) {
        inputs_close(inputs);
        return NULL;
    }
    if (options->local_networks == NULL && inputs->files_open > 0)
        network_add_private(networks);
    return inputs;
}

/* A file's interface is named without its folders. */
static const char *iface_name(const struct input *input)
{
    const char *name = capture_name(input->capture);
    const char *slash = strrchr(name, '/');

    if (!input->is_file || slash == NULL || slash[1] == '\0')
        return name;
    return slash + 1;
}

void inputs_attach(struct inputs *inputs, struct engine *engine)
{
    for (size_t i = 0; i < inputs->count; i++)
        inputs->items[i]->iface = engine_add_iface(
            engine, iface_name(inputs->items[i]), !inputs->items[i]->is_file);
}

static bool on_packet(void *arg, const struct frame *frame)
{
    const struct input *input = arg;

    if (!engine_catch_up(input->iface, frame->when_us))
        return false;
    engine_frame(input->iface, frame);
    return true;
}

static enum capture_turn on_work(void *arg)
{
    const struct input *input = arg;
    const struct inputs_handler *handler = &input->inputs->handler;

    return handler->work(handler->arg, input->iface);
}

static void on_last(void *arg)
{
    const struct input *input = arg;

    iface_end(input->iface, input->inputs->handler.settles);
}

static void start_queued(struct inputs *inputs);

static void on_ended(void *arg, bool failed)
{
    struct input *input = arg;
    struct inputs *inputs = input->inputs;

    input->has_ended = true;
    input->has_failed = failed && input->iface->counters.all.packets == 0;
    if (--inputs->files_open == 0)
        inputs->handler.files_ended(inputs->handler.arg);
    else if (input->is_sized)
        start_queued(inputs);
}

static void start(struct input *input)
{
    struct capture_handler capture = {
        .packet = on_packet,
        .work = on_work,
        .last = on_last,
        .ended = on_ended,
        .arg = input,
    };

    capture_start(input->capture, input->inputs->loop, &capture);
    log_notice("capture", "%s %s", input->is_file ? "reading" : "watching",
               input->iface->name);
}

/* The next file, if there is one. */
static void start_queued(struct inputs *inputs)
{
    while (inputs->queue_next < inputs->count) {
        struct input *input = inputs->items[inputs->queue_next++];

        if (!input->is_sized)
            continue;
        start(input);
        return;
    }
}

void inputs_start(struct inputs *inputs, struct loop *loop,
                  const struct inputs_handler *handler)
{
    inputs->handler = *handler;
    inputs->loop = loop;
    for (size_t i = 0; i < inputs->count; i++)
        if (!inputs->items[i]->is_sized)
            start(inputs->items[i]);
    for (unsigned i = 0; i < FILES_AT_ONCE; i++)
        start_queued(inputs);
}

void inputs_resume(struct inputs *inputs)
{
    for (size_t i = 0; i < inputs->count; i++)
        capture_resume(inputs->items[i]->capture);
}

void inputs_update(struct inputs *inputs)
{
    for (size_t i = 0; i < inputs->count; i++) {
        struct iface *iface = inputs->items[i]->iface;
        struct capture_stats stats;
        struct iface_drops drops;

        if (inputs->items[i]->is_file)
            continue;
        capture_stats(inputs->items[i]->capture, &stats);
        drops = (struct iface_drops){stats.kernel_drops, stats.iface_drops};
        iface_lost(iface, &drops);
        engine_set_link(iface, capture_is_up(inputs->items[i]->capture));
    }
}

void inputs_drain(struct inputs *inputs, const struct loop *loop)
{
    /* A block is handed over by a timer of the kernel, so a little later. */
    int64_t until_us = loop_now_us(loop) + CAPTURE_BLOCK_MS * 5 / 4 * 1000;

    for (size_t i = 0; i < inputs->count; i++)
        capture_drain(inputs->items[i]->capture, until_us);
}

bool inputs_failed(const struct inputs *inputs)
{
    for (size_t i = 0; i < inputs->count; i++)
        if (inputs->items[i]->has_failed)
            return true;
    return false;
}

bool inputs_are_reading(const struct inputs *inputs)
{
    return inputs->files_open > 0;
}

double inputs_progress(const struct inputs *inputs)
{
    uint64_t done = 0;
    uint64_t total = 0;

    for (size_t i = 0; i < inputs->count; i++) {
        uint64_t one_done;
        uint64_t one_total;

        if (!inputs->items[i]->is_file)
            continue;
        capture_progress(inputs->items[i]->capture, &one_done, &one_total);
        if (one_total == 0)
            return -1;
        done += one_done;
        total += one_total;
    }
    return total == 0 ? -1 : (double)done / (double)total;
}

void inputs_close(struct inputs *inputs)
{
    if (inputs == NULL)
        return;
    for (size_t i = 0; i < inputs->count; i++) {
        capture_close(inputs->items[i]->capture);
        free(inputs->items[i]);
    }
    free(inputs->items);
    free(inputs);
}
