/* store_errors: what Redis refuses, said once. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_STORE_ERRORS_H
#define KELVIN_RUN_STORE_ERRORS_H

/*
 * Errors that no caller can do anything about, but an admin can: full memory,
 * a full disk, a replica, missing rights. Each is logged once with what to do,
 * until writes work again or a new connection is made. Others are the
 * caller's, such as WRONGTYPE for foreign data.
 */
struct store_errors {
    unsigned said; /* one bit for each kind */
};

/* An answer was this error of the Redis with this name. */
void store_errors_note(struct store_errors *errors, const char *name,
                       const char *text);

/* A write was answered well. */
void store_errors_write_worked(struct store_errors *errors, const char *name);

/* There is a new connection. */
void store_errors_reset(struct store_errors *errors);

#endif
