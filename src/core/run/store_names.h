/* store_names: a Redis that moves to another address.
 * SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_STORE_NAMES_H
#define KELVIN_RUN_STORE_NAMES_H

#include "core/run/loop.h"
#include "core/run/store_target.h"

/*
 * While a Redis that -r names by a host is away its name is looked up anew,
 * one look-up at a time, with the name servers and /etc/hosts as they are
 * then. `addrs` is what the next attempts take; it stays as it is when nothing
 * is found.
 */
struct store_names;

/* @return NULL when the target is no name: nothing is to be looked up. All
 * must outlive it. */
struct store_names *store_names_new(struct loop *loop,
                                    const struct store_target *target,
                                    struct store_addrs *addrs);
void store_names_free(struct store_names *names); /* NULL is fine */

/* Look it up, unless that is under way; NULL is fine. */
void store_names_refresh(struct store_names *names);

#endif
