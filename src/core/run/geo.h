/* geo: places of addresses, by MMDB files. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_GEO_H
#define KELVIN_RUN_GEO_H

#include <stdbool.h>
#include <stddef.h>

#include "core/model/locate.h"

struct geo;

/*
 * Open what there is, the best first: the `count` files of `paths`; then
 * GeoLite2-City, -Country and -ASN.mmdb where geoipupdate leaves them; then
 * the files of `dir`, which the build fills (NULL: none). Files are mapped:
 * memory follows use; whoever replaces one must rename(2) a new file over it.
 * A file of `paths` that is missing, and any file that cannot be read as
 * MMDB, gives one warning; the rest is used.
 * @return never NULL; it may know nothing.
 */
struct geo *geo_open(const char *const *paths, size_t count, const char *dir);
void geo_close(struct geo *geo); /* NULL is fine */

/* How many files are in use. */
size_t geo_count(const struct geo *geo);

/* The path of the file `index` < geo_count(), for the about page. */
const char *geo_path(const struct geo *geo, size_t index);

/*
 * Fill `out` from the files, each member from the first that knows it; a
 * place is not put together from files that disagree on the country. Private
 * and multicast addresses have none. A file that turns out to be damaged
 * gives one warning.
 * @return false when nothing is known of the address.
 */
bool geo_find(struct geo *geo, const struct addr *addr, struct geo_info *out);

/* The version of libmaxminddb that runs. */
const char *geo_version(void);

#endif
