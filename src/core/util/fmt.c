/* fmt: numbers for people. SPDX-License-Identifier: MIT */
#include "core/util/fmt.h"

#include <inttypes.h>
#include <stdio.h>

/*
 * Three significant digits, in the unit that lets one to three of them stand
 * before the point. Whole numbers all the way, so that neither the locale nor
 * binary fractions show.
 */
static const char *write_scaled(uint64_t value, const char *const *units,
                                char text[FMT_SIZE])
{
    uint64_t divisor = 1;
    unsigned thousandths; /* 1000 to 999999 */
    unsigned step;

    while (*units[1] != '\0' && value / divisor >= 1000) {
        divisor *= 1000;
        units++;
    }
    if (divisor == 1) {
        snprintf(text, FMT_SIZE, "%" PRIu64 " %s", value, units[0]);
        return text;
    }
    thousandths = (unsigned)(value / (divisor / 1000));
    step = thousandths < 9995 ? 10 : thousandths < 99950 ? 100 : 1000;
    thousandths = (thousandths + step / 2) / step * step;
    if (thousandths == 1000000 && *units[1] != '\0') {
        thousandths = 1000;
        step = 10;
        units++;
    }
    if (step == 1000)
        snprintf(text, FMT_SIZE, "%u %s", thousandths / 1000, units[0]);
    else
        snprintf(text, FMT_SIZE, "%u.%0*u %s", thousandths / 1000,
                 step == 10 ? 2 : 1, thousandths % 1000 / step, units[0]);
    return text;
}

const char *fmt_bytes(uint64_t bytes, char text[FMT_SIZE])
{
    static const char *const units[] = {"B",  "kB", "MB", "GB",
                                        "TB", "PB", "EB", ""};

    return write_scaled(bytes, units, text);
}

const char *fmt_bits_per_s(double bits_per_s, char text[FMT_SIZE])
{
    static const char *const units[] = {"bit/s",  "kbit/s", "Mbit/s",
                                        "Gbit/s", "Tbit/s", ""};

    /* Also what is no number is nothing; 1e18 bit/s is out of this world. */
    if (!(bits_per_s > 0))
        bits_per_s = 0;
    if (bits_per_s > 1e18)
        bits_per_s = 1e18;
    return write_scaled((uint64_t)(bits_per_s + 0.5), units, text);
}

const char *fmt_count(uint64_t count, char text[FMT_SIZE])
{
    char reversed[FMT_SIZE];
    unsigned digits = 0;
    unsigned len = 0;

    do {
        if (digits != 0 && digits % 3 == 0)
            reversed[len++] = ',';
        reversed[len++] = (char)('0' + count % 10);
        count /= 10;
        digits++;
    } while (count != 0);
    for (unsigned i = 0; i < len; i++)
        text[i] = reversed[len - 1 - i];
    text[len] = '\0';
    return text;
}

const char *fmt_share(uint64_t part, uint64_t whole, char text[FMT_SIZE])
{
    double share = whole != 0 ? (double)part / (double)whole : 0;
    unsigned tenths = (unsigned)(share * 1000 + 0.5);

    if (tenths == 0 || tenths >= 1000)
        snprintf(text, FMT_SIZE, "%u %%", tenths / 10);
    else
        snprintf(text, FMT_SIZE, "%u.%u %%", tenths / 10, tenths % 10);
    return text;
}

/* From a minute on: the largest unit that there is and the one below it. */
static const char *write_long(uint64_t seconds, char text[FMT_SIZE])
{
    static const struct {
        const char *name;
        uint32_t seconds;
    } units[] = {{"d", 86400}, {"h", 3600}, {"min", 60}, {"s", 1}};
    unsigned i = 0;

    while (seconds < units[i].seconds)
        i++;
    snprintf(text, FMT_SIZE, "%" PRIu64 " %s %" PRIu64 " %s",
             seconds / units[i].seconds, units[i].name,
             seconds % units[i].seconds / units[i + 1].seconds,
             units[i + 1].name);
    return text;
}

const char *fmt_duration(int64_t us, char text[FMT_SIZE])
{
    static const char *const units[] = {"us", "ms", "s", ""};
    const uint64_t minute_us = 60000000;
    uint64_t duration = us > 0 ? (uint64_t)us : 0;

    /* What would be rounded to a minute is one. */
    if (duration >= minute_us - 50000)
        return write_long((duration + 500000) / 1000000, text);
    return write_scaled(duration, units, text);
}
