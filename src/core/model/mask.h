/* mask: hosts that are not shown. SPDX-License-Identifier: MIT */
#ifndef KELVIN_MODEL_MASK_H
#define KELVIN_MODEL_MASK_H

#include <stdbool.h>

#include "core/model/network.h"

/* As the preference host_mask counts. */
enum mask_which { MASK_NONE, MASK_LOCAL, MASK_REMOTE };

/* Hosts on one side of the border of the local networks stay unnamed: in
 * lists they are not, in flows their address is all zeros. NULL hides none. */
struct mask {
    const struct networks *local;
    enum mask_which which;
};

static inline bool mask_hides(const struct mask *mask, const struct addr *addr)
{
    return mask != NULL && mask->which != MASK_NONE &&
           (network_find(mask->local, addr) >= 0) ==
               (mask->which == MASK_LOCAL);
}

#endif
