/* capture_savefile: the formats pcap and pcapng. SPDX-License-Identifier: MIT
 */
#include "core/run/capture_savefile.h"

#include <stdlib.h>
#include <string.h>

#include "core/util/mem.h"

/*
 * Every number in a file is a stranger's: lengths are compared before they
 * are used, sums are made in 64 bits, times are clamped, and the table of
 * interfaces has a cap.
 */

#define MAX_FRAME 262144u /* as libpcap and Wireshark */
#define MAX_IFACES 65536u
#define MAX_TIME_US INT64_C(32503680000000000) /* the year 3000 */

#define PCAP_MAGIC 0xa1b2c3d4u
#define PCAP_MAGIC_NS 0xa1b23c4du
#define PCAP_MAGIC_KUZNETZOV 0xa1b2cd34u
#define PCAP_HEADER 24u
#define PCAP_RECORD 16u
#define PCAP_RECORD_KUZNETZOV 24u  /* also interface, protocol, type */
#define PCAP_LINK_MASK 0x03ffffffu /* above: length of the FCS */

#define NG_MAGIC 0x1a2b3c4du
#define NG_BLOCK_MIN 12u /* type, length, length again */
#define NG_OPTION_END 0
#define NG_OPTION_TSRESOL 9
#define NG_OPTION_TSOFFSET 14

enum ng_block {
    NG_SECTION = 0x0a0d0d0a,
    NG_INTERFACE = 1,
    NG_PACKET = 2, /* obsolete */
    NG_SIMPLE = 3,
    NG_ENHANCED = 6,
};

enum { LINK_NFLOG = 239 };

enum savefile_kind { KIND_UNKNOWN, KIND_PCAP, KIND_PCAPNG };

/* An Interface Description Block of the current section. */
struct ng_iface {
    int link_type;
    uint32_t snaplen; /* 0: no limit */
    uint64_t ticks_per_s;
    uint64_t ticks_per_us; /* 0: not a whole number */
    int64_t offset_us;
};

struct savefile {
    enum savefile_kind kind;
    const char *error;
    uint64_t skip; /* bytes to pass over before the next record */
    bool is_swapped;
    /* pcap */
    bool is_nanosecond;
    bool may_swap_lengths; /* written before version 2.4 */
    uint32_t record_size;
    int link_type;
    /* pcapng */
    struct ng_iface *ifaces;
    uint32_t iface_count;
    int64_t last_us; /* for blocks without a time */
};

struct savefile *savefile_new(void)
{
    return mem_calloc(1, sizeof(struct savefile));
}

void savefile_free(struct savefile *file)
{
    if (file == NULL)
        return;
    free(file->ifaces);
    free(file);
}

bool savefile_may_end(const struct savefile *file)
{
    return file->kind != KIND_UNKNOWN && file->skip == 0;
}

const char *savefile_error(const struct savefile *file)
{
    return file->error;
}

static enum savefile_result corrupt(struct savefile *file, const char *error)
{
    file->error = error;
    return SAVEFILE_CORRUPT;
}

static inline uint16_t read_u16(const struct savefile *file, const uint8_t *p)
{
    uint16_t value;

    memcpy(&value, p, sizeof(value));
    return file->is_swapped ? __builtin_bswap16(value) : value;
}

static inline uint32_t read_u32(const struct savefile *file, const uint8_t *p)
{
    uint32_t value;

    memcpy(&value, p, sizeof(value));
    return file->is_swapped ? __builtin_bswap32(value) : value;
}

static inline uint64_t read_u64(const struct savefile *file, const uint8_t *p)
{
    uint64_t value;

    memcpy(&value, p, sizeof(value));
    return file->is_swapped ? __builtin_bswap64(value) : value;
}

/* LINKTYPE_ numbers are in files, DLT_ in programs; they differ only where
 * systems had given a number two meanings. */
static int link_of_file(uint32_t linktype)
{
    switch (linktype) {
    case 100:
        return 11; /* ATM_RFC1483 */
    case 101:
        return 12; /* RAW */
    case 102:
        return 15; /* SLIP_BSDOS */
    case 103:
        return 16; /* PPP_BSDOS */
    case 106:
        return 19; /* ATM_CLIP */
    default:
        return (int)linktype;
    }
}

/*
 * The attribute headers of NFLOG are in the byte order of the machine that
 * captured; programs expect their own.
 */
static void nflog_swap(uint8_t *bytes, uint32_t len)
{
    uint32_t at = 4; /* family, version, resource id */

    if (len < at || bytes[1] != 0)
        return;
    while (len - at >= 4) {
        uint16_t size, type;
        uint32_t padded;

        memcpy(&size, bytes + at, 2);
        memcpy(&type, bytes + at + 2, 2);
        size = __builtin_bswap16(size);
        type = __builtin_bswap16(type);
        memcpy(bytes + at, &size, 2);
        memcpy(bytes + at + 2, &type, 2);
        padded = (size + 3u) & ~3u;
        if (size < 4 || padded > len - at)
            break;
        at += padded;
    }
}

static inline void frame_set(const struct savefile *file, struct frame *frame,
                             uint8_t *bytes, uint32_t captured, uint32_t wire,
                             int64_t when_us, int link_type)
{
    if (__builtin_expect(file->is_swapped && link_type == LINK_NFLOG, 0))
        nflog_swap(bytes, captured);
    *frame = (struct frame){.bytes = bytes,
                            .captured_len = captured,
                            .wire_len = wire < captured ? captured : wire,
                            .when_us = when_us,
                            .link_type = link_type};
}

/* ---- pcap ---- */

static enum savefile_result pcap_header(struct savefile *file,
                                        const uint8_t *bytes, size_t len,
                                        size_t *used, struct frame *frame)
{
    uint32_t magic;
    uint16_t minor;

    if (len < PCAP_HEADER)
        return SAVEFILE_MORE;
    magic = read_u32(file, bytes);
    if (read_u16(file, bytes + 4) != 2 && read_u16(file, bytes + 4) != 543)
        return corrupt(file, "is of an unknown version of pcap");
    minor = read_u16(file, bytes + 6);
    file->may_swap_lengths = minor < 4;
    file->is_nanosecond = magic == PCAP_MAGIC_NS;
    file->record_size =
        magic == PCAP_MAGIC_KUZNETZOV ? PCAP_RECORD_KUZNETZOV : PCAP_RECORD;
    file->link_type = link_of_file(read_u32(file, bytes + 20) & PCAP_LINK_MASK);
    file->kind = KIND_PCAP;
    *used = PCAP_HEADER;
    frame->link_type = file->link_type;
    return SAVEFILE_LINK;
}

static inline enum savefile_result pcap_next(struct savefile *file,
                                             uint8_t *bytes, size_t len,
                                             size_t *used, struct frame *frame)
{
    uint32_t captured, wire, fraction;

    if (len < file->record_size)
        return SAVEFILE_MORE;
    captured = read_u32(file, bytes + 8);
    wire = read_u32(file, bytes + 12);
    if (file->may_swap_lengths && captured > wire) {
        uint32_t swap = captured;

        captured = wire;
        wire = swap;
    }
    if (captured > MAX_FRAME)
        return corrupt(file, "has a frame of an impossible length");
    if (len - file->record_size < captured)
        return SAVEFILE_MORE;
    fraction = read_u32(file, bytes + 4);
    if (file->is_nanosecond)
        fraction /= 1000;
    frame_set(file, frame, bytes + file->record_size, captured, wire,
              (int64_t)read_u32(file, bytes) * 1000000 + fraction,
              file->link_type);
    *used = file->record_size + captured;
    return SAVEFILE_FRAME;
}

/* ---- pcapng ---- */

/* 10^exponent, for at most 19, the largest in 64 bits. */
static uint64_t power_of_ten(unsigned exponent)
{
    uint64_t power = 1;

    while (exponent-- > 0)
        power *= 10;
    return power;
}

/* Ticks of the interface's clock as microseconds of the epoch, clamped. */
static int64_t ng_time(const struct ng_iface *iface, uint64_t ticks)
{
    uint64_t us;
    int64_t when_us;

    if (iface->ticks_per_us != 0) {
        us = ticks / iface->ticks_per_us;
    } else {
        __extension__ unsigned __int128 product = ticks;

        product = product * 1000000 / iface->ticks_per_s;
        us = product > UINT64_MAX ? UINT64_MAX : (uint64_t)product;
    }
    when_us = us < (uint64_t)MAX_TIME_US ? (int64_t)us : MAX_TIME_US;
    when_us += iface->offset_us;
    if (when_us < 0)
        return 0;
    return when_us < MAX_TIME_US ? when_us : MAX_TIME_US;
}

/* if_tsresol: a power of two when bit 7 is set, else of ten. */
static const char *set_resolution(struct ng_iface *iface, uint8_t value)
{
    unsigned exponent = value & 0x7f;
    bool is_binary = (value & 0x80) != 0;

    if (exponent > (is_binary ? 63 : 19))
        return "has a clock that is too fine to count";
    iface->ticks_per_s =
        is_binary ? UINT64_C(1) << exponent : power_of_ten(exponent);
    iface->ticks_per_us = 0;
    if (!is_binary && exponent >= 6)
        iface->ticks_per_us = power_of_ten(exponent - 6);
    return NULL;
}

/* if_tsoffset: seconds, kept within what cannot overflow. */
static void set_offset(struct ng_iface *iface, int64_t seconds)
{
    const int64_t max = MAX_TIME_US / 1000000;

    if (seconds > max)
        seconds = max;
    else if (seconds < -max)
        seconds = -max;
    iface->offset_us = seconds * 1000000;
}

static const char *iface_option(const struct savefile *file,
                                struct ng_iface *iface, uint16_t code,
                                const uint8_t *value, uint16_t size)
{
    if (code == NG_OPTION_TSRESOL && size == 1)
        return set_resolution(iface, value[0]);
    if (code == NG_OPTION_TSOFFSET && size == 8)
        set_offset(iface, (int64_t)read_u64(file, value));
    return NULL;
}

/* Options are code, length, value padded to 4 bytes. What is cut off ends
 * them. @return what is wrong with one, or NULL. */
static const char *iface_options(const struct savefile *file,
                                 struct ng_iface *iface, const uint8_t *bytes,
                                 size_t len)
{
    while (len >= 4) {
        uint16_t code = read_u16(file, bytes);
        uint16_t size = read_u16(file, bytes + 2);
        size_t padded = 4 + ((size_t)size + 3) / 4 * 4;
        const char *error;

        if (code == NG_OPTION_END || len < padded)
            break;
        error = iface_option(file, iface, code, bytes + 4, size);
        if (error != NULL)
            return error;
        bytes += padded;
        len -= padded;
    }
    return NULL;
}

/* The table doubles at powers of two, so its size need not be kept. */
static struct ng_iface *iface_add(struct savefile *file)
{
    uint32_t count = file->iface_count;

    if ((count & (count - 1)) == 0)
        file->ifaces = mem_realloc(file->ifaces, count ? count * 2 : 1,
                                   sizeof(*file->ifaces));
    file->iface_count++;
    return &file->ifaces[count];
}

static enum savefile_result ng_interface(struct savefile *file,
                                         const uint8_t *bytes, uint32_t size,
                                         struct frame *frame)
{
    struct ng_iface iface = {.ticks_per_s = 1000000, .ticks_per_us = 1};
    const char *error;

    if (size < NG_BLOCK_MIN + 8)
        return corrupt(file, "has an interface block that is too short");
    if (file->iface_count >= MAX_IFACES)
        return corrupt(file, "has too many interfaces");
    iface.link_type = link_of_file(read_u16(file, bytes + 8));
    iface.snaplen = read_u32(file, bytes + 12);
    error = iface_options(file, &iface, bytes + 16, size - 16 - 4);
    if (error != NULL)
        return corrupt(file, error);
    *iface_add(file) = iface;
    frame->link_type = iface.link_type;
    return SAVEFILE_LINK;
}

/* The byte order of a section is its own: it is found out before anything of
 * its block is read. @return SAVEFILE_LINK when understood. */
static enum savefile_result ng_section(struct savefile *file,
                                       const uint8_t *bytes, size_t len)
{
    uint32_t magic;

    if (len < NG_BLOCK_MIN)
        return SAVEFILE_MORE;
    memcpy(&magic, bytes + 8, sizeof(magic));
    if (magic == NG_MAGIC)
        file->is_swapped = false;
    else if (magic == __builtin_bswap32(NG_MAGIC))
        file->is_swapped = true;
    else
        return corrupt(file, "has a section of unknown byte order");
    if (read_u32(file, bytes + 4) < NG_BLOCK_MIN + 16)
        return corrupt(file, "has a section block that is too short");
    if (len < NG_BLOCK_MIN + 4)
        return SAVEFILE_MORE;
    if (read_u16(file, bytes + 12) != 1)
        return corrupt(file, "is of an unknown version of pcapng");
    file->iface_count = 0;
    free(file->ifaces);
    file->ifaces = NULL;
    return SAVEFILE_LINK;
}

/* The frame of an Enhanced or an obsolete Packet Block. */
static enum savefile_result ng_packet(struct savefile *file, uint8_t *bytes,
                                      size_t len, uint32_t size, bool enhanced,
                                      struct frame *frame, size_t *used)
{
    const uint32_t fixed = 28;
    uint32_t index, captured;
    uint64_t ticks;

    if (size < fixed + 4)
        return corrupt(file, "has a packet block that is too short");
    if (len < fixed)
        return SAVEFILE_MORE;
    index = enhanced ? read_u32(file, bytes + 8) : read_u16(file, bytes + 8);
    captured = read_u32(file, bytes + 20);
    if (index >= file->iface_count)
        return corrupt(file, "has a frame of an interface not described");
    if (captured > MAX_FRAME || captured > size - fixed - 4)
        return corrupt(file, "has a frame of an impossible length");
    if (len - fixed < captured)
        return SAVEFILE_MORE;
    ticks =
        (uint64_t)read_u32(file, bytes + 12) << 32 | read_u32(file, bytes + 16);
    file->last_us = ng_time(&file->ifaces[index], ticks);
    frame_set(file, frame, bytes + fixed, captured, read_u32(file, bytes + 24),
              file->last_us, file->ifaces[index].link_type);
    *used = fixed + captured;
    return SAVEFILE_FRAME;
}

/* A Simple Packet Block has no time: the last one seen is the best guess. */
static enum savefile_result ng_simple(struct savefile *file, uint8_t *bytes,
                                      size_t len, uint32_t size,
                                      struct frame *frame, size_t *used)
{
    const uint32_t fixed = 12;
    uint32_t captured, wire;

    if (size < fixed + 4)
        return corrupt(file, "has a packet block that is too short");
    if (file->iface_count == 0)
        return corrupt(file, "has a frame of an interface not described");
    if (len < fixed)
        return SAVEFILE_MORE;
    wire = captured = read_u32(file, bytes + 8);
    if (file->ifaces[0].snaplen != 0 && captured > file->ifaces[0].snaplen)
        captured = file->ifaces[0].snaplen;
    if (captured > MAX_FRAME || captured > size - fixed - 4)
        return corrupt(file, "has a frame of an impossible length");
    if (len - fixed < captured)
        return SAVEFILE_MORE;
    frame_set(file, frame, bytes + fixed, captured, wire, file->last_us,
              file->ifaces[0].link_type);
    *used = fixed + captured;
    return SAVEFILE_FRAME;
}

/* One block. On SAVEFILE_FRAME and SAVEFILE_LINK `*used` is what of it was
 * needed; the rest is skipped. SAVEFILE_MORE with `*used`: nothing in it. */
static enum savefile_result ng_block(struct savefile *file, uint8_t *bytes,
                                     size_t len, uint32_t type, uint32_t size,
                                     struct frame *frame, size_t *used)
{
    switch (type) {
    case NG_INTERFACE:
        if (size > MAX_FRAME)
            return corrupt(file, "has an interface block that is too long");
        if (len < size)
            return SAVEFILE_MORE;
        *used = size;
        return ng_interface(file, bytes, size, frame);
    case NG_ENHANCED:
    case NG_PACKET:
        return ng_packet(file, bytes, len, size, type == NG_ENHANCED, frame,
                         used);
    case NG_SIMPLE:
        return ng_simple(file, bytes, len, size, frame, used);
    default:
        *used = 8;
        return SAVEFILE_MORE;
    }
}

static enum savefile_result ng_next(struct savefile *file, uint8_t *bytes,
                                    size_t len, size_t *used,
                                    struct frame *frame)
{
    enum savefile_result result;
    uint32_t type, size;

    if (len < 8)
        return SAVEFILE_MORE;
    type = read_u32(file, bytes);
    if (type == NG_SECTION) { /* a palindrome: the same in both orders */
        result = ng_section(file, bytes, len);
        if (result != SAVEFILE_LINK)
            return result;
    }
    size = read_u32(file, bytes + 4);
    if (size < NG_BLOCK_MIN || size % 4 != 0)
        return corrupt(file, "has a block of an impossible length");
    result = ng_block(file, bytes, len, type, size, frame, used);
    if (*used > 0)
        file->skip = size - *used;
    return result;
}

/* ---- either ---- */

static enum savefile_result recognise(struct savefile *file,
                                      const uint8_t *bytes, size_t len,
                                      size_t *used, struct frame *frame)
{
    uint32_t magic;

    if (len < sizeof(magic))
        return SAVEFILE_MORE;
    memcpy(&magic, bytes, sizeof(magic));
    if (magic == NG_SECTION) {
        file->kind = KIND_PCAPNG;
        return SAVEFILE_MORE;
    }
    for (int swapped = 0; swapped < 2; swapped++) {
        if (magic == PCAP_MAGIC || magic == PCAP_MAGIC_NS ||
            magic == PCAP_MAGIC_KUZNETZOV) {
            file->is_swapped = swapped;
            return pcap_header(file, bytes, len, used, frame);
        }
        magic = __builtin_bswap32(magic);
    }
    return corrupt(file, "is not a capture (pcap, pcapng or either in gzip)");
}

/* Pass over what is left of a block. @return true when through. */
static bool skip_some(struct savefile *file, size_t len, size_t *used)
{
    *used = file->skip < len ? (size_t)file->skip : len;
    file->skip -= *used;
    return file->skip == 0;
}

static enum savefile_result pcapng_next(struct savefile *file, uint8_t *bytes,
                                        size_t len, size_t *used,
                                        struct frame *frame)
{
    size_t at = 0;

    for (;;) {
        enum savefile_result result;
        size_t part = 0;

        if (!skip_some(file, len - at, &part)) {
            *used = len;
            return SAVEFILE_MORE;
        }
        at += part;
        part = 0;
        result = ng_next(file, bytes + at, len - at, &part, frame);
        *used = at + part;
        if (result != SAVEFILE_MORE || part == 0)
            return result;
        at += part;
    }
}

enum savefile_result savefile_next(struct savefile *file, uint8_t *bytes,
                                   size_t len, size_t *used,
                                   struct frame *frame)
{
    *used = 0;
    if (file->kind == KIND_PCAP)
        return pcap_next(file, bytes, len, used, frame);
    if (file->kind == KIND_UNKNOWN) {
        enum savefile_result result = recognise(file, bytes, len, used, frame);

        if (file->kind != KIND_PCAPNG)
            return result;
    }
    return pcapng_next(file, bytes, len, used, frame);
}
