/* wifi: IEEE 802.11 data frames. SPDX-License-Identifier: MIT */
#include "core/packet/wifi.h"

#include "core/packet/ether.h"

#define WIFI_SIZE 24  /* with three addresses */
#define AMSDU_SIZE 14 /* destination, source, length */
#define RADIOTAP_SIZE 8
#define RADIOTAP_TIME UINT32_C(0x00000001) /* fields present */
#define RADIOTAP_FLAGS UINT32_C(0x00000002)
#define RADIOTAP_MORE UINT32_C(0x80000000) /* one more word of such bits */
#define RADIOTAP_PADDED 0x20               /* in the flags field */

/* Frame control, first byte (IEEE 802.11-2016, 9.2.4.1). */
enum wifi_type {
    WIFI_VERSION_TYPE = 0x0f,
    WIFI_DATA = 0x08,    /* version 0, type 2 */
    WIFI_NO_DATA = 0x40, /* subtypes without a body */
    WIFI_QOS = 0x80,
};

/* Frame control, second byte. */
enum wifi_flag {
    WIFI_TO_DS = 0x01,
    WIFI_FROM_DS = 0x02,
    WIFI_PROTECTED = 0x40,
    WIFI_ORDER = 0x80, /* of a QoS frame: HT control is there */
};

#define WIFI_AMSDU 0x80 /* in QoS control, first byte */

/* What surrounds the frame on this capture. */
struct wifi_frame {
    uint8_t type;
    uint8_t flags;
    bool padded; /* header filled up to a multiple of four */
};

/* Source and destination by the direction bits (9.3.2.1). */
static void wifi_macs(struct walk *walk, const uint8_t *header, uint8_t flags)
{
    const uint8_t *addr1 = header + 4;
    const uint8_t *addr2 = header + 10;
    const uint8_t *addr3 = header + 16;
    const uint8_t *addr4 = header + 24;

    switch (flags & (WIFI_TO_DS | WIFI_FROM_DS)) {
    case 0:
        walk_macs(walk, addr2, addr1);
        break;
    case WIFI_FROM_DS:
        walk_macs(walk, addr3, addr1);
        break;
    case WIFI_TO_DS:
        walk_macs(walk, addr2, addr3);
        break;
    default:
        walk_macs(walk, addr4, addr3);
        break;
    }
}

/* The body of a frame; of several packets in one (A-MSDU) the first. */
static bool wifi_body(struct walk *walk, struct span in, bool amsdu)
{
    const uint8_t *sub;

    if (!amsdu)
        return llc_decode(walk, in);
    sub = span_take(&in, AMSDU_SIZE);
    if (!sub)
        return walk_fail(walk, MALFORMED_LINK_SHORT);
    if (load_be16(sub + 12) > in.wire)
        walk_note(walk, MALFORMED_LINK_SHORT);
    span_cut(&in, load_be16(sub + 12));
    return llc_decode(walk, in);
}

static bool wifi_frame(struct walk *walk, struct span in,
                       struct wifi_frame frame)
{
    const uint8_t both = WIFI_TO_DS | WIFI_FROM_DS;
    uint32_t qos_at = WIFI_SIZE;
    uint32_t size;
    const uint8_t *header;
    bool amsdu;

    if ((frame.type & WIFI_VERSION_TYPE) != WIFI_DATA)
        return false;
    if ((frame.flags & both) == both)
        qos_at += MAC_SIZE;
    size = qos_at;
    if (frame.type & WIFI_QOS)
        size += frame.flags & WIFI_ORDER ? 6 : 2;
    header = span_take(&in, size);
    if (!header)
        return walk_fail(walk, MALFORMED_LINK_SHORT);
    wifi_macs(walk, header, frame.flags);
    if (frame.type & WIFI_NO_DATA || frame.flags & WIFI_PROTECTED)
        return false;
    if (frame.padded && !span_take(&in, -size & 3))
        return walk_fail(walk, MALFORMED_LINK_SHORT);
    amsdu = frame.type & WIFI_QOS && header[qos_at] & WIFI_AMSDU;
    return wifi_body(walk, in, amsdu);
}

bool wifi_decode(struct walk *walk, struct span in)
{
    if (in.len < 2)
        return walk_fail(walk, MALFORMED_LINK_SHORT);
    return wifi_frame(walk, in, (struct wifi_frame){in.at[0], in.at[1], 0});
}

bool wifi_capwap_decode(struct walk *walk, struct span in)
{
    if (in.len < 2)
        return walk_fail(walk, MALFORMED_LINK_SHORT);
    if ((in.at[0] & WIFI_VERSION_TYPE) == WIFI_DATA)
        return wifi_decode(walk, in);
    return wifi_frame(walk, in, (struct wifi_frame){in.at[1], in.at[0], 0});
}

/* Radiotap is little-endian. */
static uint32_t load_le32(const uint8_t *p)
{
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 |
           p[0];
}

/* Whether the flags field says that the 802.11 header is padded. */
static bool radiotap_padded(const uint8_t *header, uint32_t size)
{
    uint32_t present = load_le32(header + 4);
    uint32_t at = RADIOTAP_SIZE;

    if (!(present & RADIOTAP_FLAGS))
        return false;
    for (uint32_t more = present; more & RADIOTAP_MORE; at += 4) {
        if (at + 4 > size)
            return false;
        more = load_le32(header + at);
    }
    if (present & RADIOTAP_TIME)
        at = ((at + 7) & ~UINT32_C(7)) + 8;
    return at < size && header[at] & RADIOTAP_PADDED;
}

bool radiotap_decode(struct walk *walk, struct span in)
{
    const uint8_t *header = in.at;
    struct wifi_frame frame;
    uint32_t size;

    if (in.len < RADIOTAP_SIZE)
        return walk_fail(walk, MALFORMED_LINK_SHORT);
    size = (uint32_t)header[3] << 8 | header[2];
    if (size < RADIOTAP_SIZE || !span_take(&in, size) || in.len < 2)
        return walk_fail(walk, MALFORMED_LINK_SHORT);
    frame.type = in.at[0];
    frame.flags = in.at[1];
    frame.padded = radiotap_padded(header, size);
    return wifi_frame(walk, in, frame);
}
