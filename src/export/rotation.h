/* rotation: a file that is put aside now and then. SPDX-License-Identifier: MIT
 */
#ifndef KELVIN_EXPORT_ROTATION_H
#define KELVIN_EXPORT_ROTATION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/util/strbuf.h"
#include "export/spec.h"

/*
 * PATH becomes PATH.20261124-190000-00 (UTC) and, with gzip, ...gz, by gzip(1)
 * beside the process. Of these, the oldest are removed when there are more
 * than `keep`.
 */
struct rotation {
    uint64_t max_size; /* bytes; 0: however large */
    uint64_t every_s;  /* at multiples of this in UTC; 0: never */
    uint64_t keep;     /* 0: all */
    bool gzip;
    pid_t zipping; /* gzip's process, or 0 */
};

/* Read the options size, every, keep and gzip.
 * @return false with the reason. */
bool rotation_read(struct rotation *rotation, struct spec *spec,
                   struct strbuf *error);

/* Whether a file of this size, written to since `since_s`, is to go. */
bool rotation_is_due(const struct rotation *rotation, uint64_t size,
                     int64_t since_s, int64_t now_s);

/* Put the file aside. @return false with errno. */
bool rotation_move(struct rotation *rotation, const char *path, int64_t now_s);

/* Go on with what files that were put aside still need; also when none was
 * now. */
void rotation_tend(struct rotation *rotation, const char *path);

/* Whether gzip has just done with one: rotation_tend() may have more. */
bool rotation_has_zipped(struct rotation *rotation);

#endif
