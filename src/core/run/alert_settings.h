/* alert_settings: what alerts are wanted. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_ALERT_SETTINGS_H
#define KELVIN_RUN_ALERT_SETTINGS_H

#include "core/run/alerts.h"

/*
 * Tells the engine, and alerts.h, what preferences say, at once, and what
 * Redis has under the keys of ntopng:
 *
 * ntopng.prefs.alerts_global.min.local_hosts   hash: flow_attacker_threshold,
 *     flow_victim_threshold (new flows a second of any host),
 *     syn_attacker_threshold, syn_victim_threshold (SYNs a second)
 * ntopng.prefs.IP:VLAN.alerts_config           the same for one host, in this
 *     order, with '|' between; an empty one is as for all, 0 is never
 * ntopng.prefs.alerts.ifid_ID                  hash: entity to "false", whose
 *     alerts are suppressed
 *
 * Changes of these are heard of by keyspace events within a second where
 * Redis tells them, else within ALERT_SETTINGS_POLL_S.
 */
struct alert_settings;

#define ALERT_SETTINGS_POLL_S 10

struct alert_settings *alert_settings_new(const struct alerts_config *config,
                                          struct alerts *alerts);

/* The interfaces have their numbers. */
void alert_settings_begin(struct alert_settings *settings);

void alert_settings_free(struct alert_settings *settings); /* NULL is fine */

/* Read "25|25|8192|" over what is there. @return false: it is no such text,
 * and nothing changed. */
bool alert_limits_read(struct alert_limits *limits, const char *text);

/* Read "ntopng.prefs.10.0.0.1:0.alerts_config". @return false: it is another
 * key. */
bool alert_host_key_read(const char *key, struct addr *addr, uint16_t *vlan);

#endif
