/* guard: who tries passwords too often waits. SPDX-License-Identifier: MIT */
#ifndef KELVIN_HTTP_GUARD_H
#define KELVIN_HTTP_GUARD_H

#include <stdint.h>

#include "core/packet/addr.h"

/*
 * Failures are counted by address (of IPv6 its /64), by user, and by both
 * together. Who fails for a user GUARD_FREE times from one address waits 1, 2,
 * 4 ... 900 seconds there; an address is free four times as many failures with
 * all users. A user who is being guessed from everywhere does not lock anybody
 * out: each address keeps its first attempt, and only the delay after it
 * begins higher. What is 1800 seconds old is forgotten; tables are bounded,
 * the oldest entries go first.
 */
struct guard;

#define GUARD_FREE 5
#define GUARD_LONGEST_S 900
#define GUARD_FORGET_S 1800

struct guard *guard_new(void);
void guard_free(struct guard *guard); /* NULL is fine */

/*
 * Somebody is about to try a password; it counts as failed until
 * guard_pass(), so that many at once gain nothing. `now_us` is monotonic.
 * @return 0, or the seconds to wait: nothing has been counted then.
 */
int guard_try(struct guard *guard, const struct addr *addr, const char *user,
              int64_t now_us);

/* It was the right one, or nobody could tell (`is_right` false). */
void guard_pass(struct guard *guard, const struct addr *addr, const char *user,
                bool is_right);

#endif
