/* fmt: numbers for people. SPDX-License-Identifier: MIT */
#ifndef KELVIN_UTIL_FMT_H
#define KELVIN_UTIL_FMT_H

#include <stdint.h>

#define FMT_SIZE 32

/*
 * Each writes into `text` and returns it. Units are decimal (SI), with three
 * significant digits; a decimal point whatever the locale.
 */

/* "999 B", "1.20 kB", "12.3 GB". */
const char *fmt_bytes(uint64_t bytes, char text[FMT_SIZE]);

/* "0 bit/s", "1.20 kbit/s", "9.87 Gbit/s". */
const char *fmt_bits_per_s(double bits_per_s, char text[FMT_SIZE]);

/* "7", "12,345". */
const char *fmt_count(uint64_t count, char text[FMT_SIZE]);

/* "12.5 %" of `whole`; "0 %" of nothing. */
const char *fmt_share(uint64_t part, uint64_t whole, char text[FMT_SIZE]);

/* Microseconds as "250 us", "1.20 ms", "3.10 s", and from a minute on the two
 * largest units: "3 min 12 s", "2 h 5 min", "4 d 3 h". Less than 0 is 0. */
const char *fmt_duration(int64_t us, char text[FMT_SIZE]);

#endif
