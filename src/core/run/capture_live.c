/* capture_live: frames of an interface. SPDX-License-Identifier: MIT */
#include <pcap/pcap.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/run/capture_internal.h"
#include "core/run/netif.h"
#include "core/util/log.h"
#include "core/util/mem.h"

/*
 * activate() opens the pcap handle; on_readable() empties it, a slice at a
 * time. When the interface is gone, lose() closes the handle and on_retry()
 * opens a new one, later and later. Either `pcap` is set, or a retry is due.
 */

/* A slice ends after either; the clock is read every CLOCK_FRAMES. */
#define SLICE_FRAMES 1024
#define SLICE_US 2000
#define CLOCK_FRAMES 32

#define RETRY_MAX_S 60

enum opening {
    OPENED,
    OPEN_DOWN,  /* the interface exists and may come up */
    OPEN_FAILED /* there is no hope, or nothing that time would change */
};

struct capture_live {
    struct capture *owner;
    pcap_t *pcap; /* NULL: lost */
    int link_type;
    struct bpf_program program; /* the filter, kept for the next handle */
    int program_link;           /* that it is for; -1: none compiled */
    struct loop_source *readable;
    struct loop_source *retry;
    int retry_s;
    uint64_t lost;
    uint64_t kernel_drops; /* of all handles */
    uint64_t iface_drops;
    struct pcap_stat counted; /* of this handle, as last read */
};

static void fail_by_status(const struct capture *capture, pcap_t *pcap,
                           int status, char *error)
{
    const char *name = capture->name;
    const char *words = pcap_geterr(pcap);
    char program[256] = "";
    struct netif_info info;
    char names[256];

    /* Without permission libpcap does not get as far as looking for it. */
    if (status != PCAP_ERROR_IFACE_NOT_UP && strcmp(name, "any") != 0 &&
        !netif_query(name, &info)) {
        capture_fail(error,
                     "%s: no such interface or file%s; interfaces "
                     "here: %s",
                     name,
                     status == PCAP_ERROR_NO_SUCH_DEVICE
                         ? ""
                         : ", nor a device that may be captured",
                     netif_names(names, sizeof(names)));
        return;
    }
    switch (status) {
    case PCAP_ERROR_PERM_DENIED:
    case PCAP_ERROR_PROMISC_PERM_DENIED:
        if (readlink("/proc/self/exe", program, sizeof(program) - 1) <= 0)
            strcpy(program, "kelvin");
        capture_fail(error,
                     "%s: no permission to capture: 'sudo setcap "
                     "cap_net_raw=ep %s' once, or run it with sudo; '-i "
                     "file.pcap' needs neither",
                     name, program);
        break;
    default:
        capture_fail(error, "%s: cannot capture: %s", name,
                     *words != '\0' ? words : pcap_statustostr(status));
        break;
    }
}

static int buffer_bytes(const struct capture_config *config)
{
    size_t bytes = config->buffer_bytes;

    if (bytes == 0)
        bytes = CAPTURE_DEFAULT_BUFFER;
    return bytes < 1u << 30 ? (int)bytes : 1 << 30;
}

/* Before activation, setting these fails on no handle. */
static void configure(const struct capture *capture, pcap_t *pcap)
{
    const struct capture_config *config = &capture->config;
    int snaplen = config->snaplen;
    bool is_any = strcmp(capture->name, "any") == 0; /* warns if promiscuous */

    if (snaplen <= 0 || snaplen > CAPTURE_MAX_SNAPLEN)
        snaplen = CAPTURE_MAX_SNAPLEN;
    pcap_set_snaplen(pcap, snaplen);
    pcap_set_promisc(pcap, config->promiscuous && !is_any);
    pcap_set_timeout(pcap, CAPTURE_BLOCK_MS);
    pcap_set_immediate_mode(pcap, 0);
    pcap_set_buffer_size(pcap, buffer_bytes(config));
}

/* The handle compiles the filter, not capture_filter: on a live Linux
 * interface VLAN tags are not in the bytes. It is compiled again only when it
 * must be, since names in it may be resolved, which blocks. */
static bool set_filter(struct capture_live *live, pcap_t *pcap, char *error)
{
    const char *filter = live->owner->filter;

    if (filter == NULL)
        return true;
    if (live->program_link != live->link_type) {
        if (live->program_link >= 0)
            pcap_freecode(&live->program);
        live->program_link = -1;
        if (pcap_compile(pcap, &live->program, filter, 1,
                         PCAP_NETMASK_UNKNOWN) < 0) {
            capture_filter_fail(error, filter, live->link_type,
                                pcap_geterr(pcap));
            return false;
        }
        live->program_link = live->link_type;
    }
    if (pcap_setfilter(pcap, &live->program) < 0) {
        capture_fail(error, "%s: cannot set the filter: %s", live->owner->name,
                     pcap_geterr(pcap));
        return false;
    }
    return true;
}

static bool set_direction(const struct capture_live *live, pcap_t *pcap,
                          char *error)
{
    int direction = live->owner->config.direction;

    if (direction == 0 ||
        pcap_setdirection(pcap, direction == 1 ? PCAP_D_IN : PCAP_D_OUT) == 0)
        return true;
    capture_fail(error, "%s: cannot capture in one direction: %s",
                 live->owner->name, pcap_geterr(pcap));
    return false;
}

/* What follows a successful pcap_activate(). */
static bool prepare(struct capture_live *live, pcap_t *pcap, char *error)
{
    char reason[PCAP_ERRBUF_SIZE];

    live->link_type = pcap_datalink(pcap);
    if (!set_filter(live, pcap, error) || !set_direction(live, pcap, error))
        return false;
    if (pcap_setnonblock(pcap, 1, reason) < 0) {
        capture_fail(error, "%s: %s", live->owner->name, reason);
        return false;
    }
    if (pcap_get_selectable_fd(pcap) < 0) {
        capture_fail(error, "%s: this kind of device cannot be waited for",
                     live->owner->name);
        return false;
    }
    return true;
}

static enum opening activate(struct capture_live *live, char *error)
{
    const struct capture *capture = live->owner;
    char reason[PCAP_ERRBUF_SIZE];
    pcap_t *pcap = pcap_create(capture->name, reason);
    enum opening result = OPEN_FAILED;
    struct netif_info info;
    int status;

    if (pcap == NULL) {
        capture_fail(error, "%s: %s", capture->name, reason);
        return OPEN_FAILED;
    }
    configure(capture, pcap);
    status = pcap_activate(pcap);
    if (status < 0) {
        fail_by_status(capture, pcap, status, error);
        if (status == PCAP_ERROR_IFACE_NOT_UP)
            result = OPEN_DOWN;
        goto close_pcap;
    }
    /* Packet sockets of Linux open on interfaces that are down, too. */
    if (netif_query(capture->name, &info) && !info.up) {
        capture_fail(error, "%s: the interface is down", capture->name);
        result = OPEN_DOWN;
        goto close_pcap;
    }
    if (!prepare(live, pcap, error))
        goto close_pcap;
    if (status > 0)
        log_warnx("capture", "%s: %s", capture->name, pcap_geterr(pcap));
    live->pcap = pcap;
    return OPENED;

close_pcap:
    pcap_close(pcap);
    return result;
}

struct capture_live *capture_live_open(struct capture *capture, char *error)
{
    struct capture_live *live = mem_calloc(1, sizeof(*live));

    live->owner = capture;
    live->link_type = -1;
    live->program_link = -1;
    switch (activate(live, error)) {
    case OPENED:
        break;
    case OPEN_DOWN:
        log_warnx("capture", "%s; waiting for it to come up", error);
        break;
    case OPEN_FAILED:
        capture_live_free(live);
        return NULL;
    }
    return live;
}

uint32_t capture_growth(uint32_t before, uint32_t now)
{
    uint32_t grown = now - before;

    return grown <= INT32_MAX ? grown : 0;
}

/* Take in what the handle has counted since it was last asked. */
static void count_drops(struct capture_live *live)
{
    struct pcap_stat now;

    if (live->pcap == NULL || pcap_stats(live->pcap, &now) != 0)
        return;
    live->kernel_drops += capture_growth(live->counted.ps_drop, now.ps_drop);
    live->iface_drops += capture_growth(live->counted.ps_ifdrop, now.ps_ifdrop);
    live->counted = now;
}

static void detach(struct capture_live *live)
{
    loop_source_free(live->readable);
    live->readable = NULL;
    if (live->pcap == NULL)
        return;
    count_drops(live);
    live->counted = (struct pcap_stat){0};
    pcap_close(live->pcap);
    live->pcap = NULL;
}

static void tell_state(const struct capture_live *live, bool up)
{
    const struct capture_handler *handler = &live->owner->handler;

    if (handler->state != NULL)
        handler->state(handler->arg, up);
}

static void on_retry(void *arg);

static void retry_later(struct capture_live *live)
{
    loop_source_free(live->retry);
    live->retry = loop_after(live->owner->loop, live->retry_s * 1000000LL,
                             LOOP_PEER, on_retry, live);
    live->retry_s *= 2;
    if (live->retry_s > RETRY_MAX_S)
        live->retry_s = RETRY_MAX_S;
}

static void lose(struct capture_live *live, const char *why)
{
    log_warnx("capture", "%s: lost: %s; trying again until it is back",
              live->owner->name, why);
    live->lost++;
    detach(live);
    live->retry_s = 1;
    retry_later(live);
    tell_state(live, false);
}

static void on_frame(u_char *arg, const struct pcap_pkthdr *header,
                     const u_char *bytes)
{
    struct capture_live *live = (struct capture_live *)arg;
    struct capture *owner = live->owner;
    struct frame frame = {
        .bytes = bytes,
        .captured_len = header->caplen,
        .wire_len = header->len,
        .when_us = (int64_t)header->ts.tv_sec * 1000000 + header->ts.tv_usec,
        .link_type = live->link_type,
    };

    owner->frames++;
    (void)owner->handler.packet(owner->handler.arg, &frame);
}

/* Readable without a frame: the socket had something else to say, and that is
 * mostly that the interface went down. libpcap tells of some of these. */
static void check_presence(struct capture_live *live)
{
    struct netif_info info;

    if (strcmp(live->owner->name, "any") == 0)
        return;
    if (!netif_query(live->owner->name, &info))
        lose(live, "the interface disappeared");
    else if (!info.up)
        lose(live, "the interface went down");
}

static void on_readable(void *arg)
{
    struct capture_live *live = arg;
    int total = 0;
    int count;

    do {
        count =
            pcap_dispatch(live->pcap, CLOCK_FRAMES, on_frame, (u_char *)live);
        if (count < 0) {
            lose(live, pcap_geterr(live->pcap));
            return;
        }
        total += count;
    } while (count == CLOCK_FRAMES && total < SLICE_FRAMES &&
             loop_spent_us(live->owner->loop) < SLICE_US);
    if (total == 0)
        check_presence(live);
}

static bool attach(struct capture_live *live)
{
    live->readable =
        loop_on_fd(live->owner->loop, pcap_get_selectable_fd(live->pcap),
                   LOOP_READ, LOOP_CAPTURE, on_readable, live);
    return live->readable != NULL;
}

static void on_retry(void *arg)
{
    struct capture_live *live = arg;
    char error[CAPTURE_ERROR_SIZE] = "cannot wait for it";

    if (activate(live, error) != OPENED || !attach(live)) {
        detach(live);
        log_debug("capture", "%s; next try in %d s", error, live->retry_s);
        retry_later(live);
        return;
    }
    loop_source_free(live->retry);
    live->retry = NULL;
    log_notice("capture", "%s: is back", live->owner->name);
    tell_state(live, true);
}

void capture_live_start(struct capture_live *live)
{
    if (live->pcap == NULL) {
        live->retry_s = 1;
        retry_later(live);
    } else if (!attach(live)) {
        lose(live, "its descriptor cannot be waited for");
    }
}

void capture_live_drain(struct capture_live *live, int64_t until_us)
{
    struct pollfd readable = {.events = POLLIN};
    int64_t left_us;
    int count = 0;

    if (live->pcap == NULL)
        return;
    readable.fd = pcap_get_selectable_fd(live->pcap);
    while (count >= 0 &&
           (left_us = until_us - loop_now_us(live->owner->loop)) > 0 &&
           poll(&readable, 1, (int)(left_us / 1000) + 1) == 1)
        count =
            pcap_dispatch(live->pcap, CLOCK_FRAMES, on_frame, (u_char *)live);
}

void capture_live_free(struct capture_live *live)
{
    if (live == NULL)
        return;
    loop_source_free(live->retry);
    detach(live);
    if (live->program_link >= 0)
        pcap_freecode(&live->program);
    free(live);
}

bool capture_live_is_up(const struct capture_live *live)
{
    return live->pcap != NULL;
}

int capture_live_link_type(const struct capture_live *live)
{
    return live->pcap != NULL ? live->link_type : -1;
}

void capture_live_stats(struct capture_live *live, struct capture_stats *stats)
{
    count_drops(live);
    stats->kernel_drops = live->kernel_drops;
    stats->iface_drops = live->iface_drops;
    stats->disappearings = live->lost;
}
