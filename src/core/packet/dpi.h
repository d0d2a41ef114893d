/* dpi: which application speaks, by nDPI 4.2. SPDX-License-Identifier: MIT */
#ifndef KELVIN_PACKET_DPI_H
#define KELVIN_PACKET_DPI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/packet/attrs.h"
#include "core/packet/packet.h"

/* Ids are nDPI's; 512 covers its own and those of a protocol file. */
#define DPI_APPS 512

struct dpi_verdict {
    uint16_t master; /* e.g. TLS; 0 when there is none */
    uint16_t app;    /* e.g. Amazon; 0 when unknown */
    uint8_t category;
    bool is_final; /* no more packets are wanted, the state is given back */
    bool is_guess; /* by port or address, not by content */
};

/*
 * One detection module for the whole program. A flow borrows a state from a
 * bounded pool, by index, until its verdict is final.
 */
struct dpi;

/* @param protocols_file nDPI protos.txt, or NULL.
 * @param max_states most undecided flows at once.
 * @return NULL after logging why. */
struct dpi *dpi_new(const char *protocols_file, uint32_t max_states);
void dpi_free(struct dpi *dpi);

/*
 * Look into a packet of an undecided flow. `state` is POOL_NONE for the
 * first one and again once the verdict is final. `attrs` gets what was found
 * at that time. A flow that gets no state because the pool is empty is
 * decided by its ports.
 */
void dpi_packet(struct dpi *dpi, uint32_t *state, const struct packet *packet,
                struct dpi_verdict *verdict, struct attrs **attrs);

/* The endpoints of a flow, for a decision without packets. */
struct dpi_ends {
    struct addr client;
    struct addr server;
    uint16_t client_port;
    uint16_t server_port;
    uint8_t l4_proto;
    uint8_t ip_version;
};

/* The flow ends, or had enough packets: decide with what is known, by ports
 * and addresses at last; gives the state back. Fills verdict and attrs. */
void dpi_finish(struct dpi *dpi, uint32_t *state, const struct dpi_ends *ends,
                struct dpi_verdict *verdict, struct attrs **attrs);

/* Give a state back without a verdict; POOL_NONE is fine. */
void dpi_drop(struct dpi *dpi, uint32_t *state);

/* Undecided flows now, and flows that got no state so far. */
uint32_t dpi_states(const struct dpi *dpi);
uint64_t dpi_refused(const struct dpi *dpi);

/* Names as nDPI prints them; never NULL. "Unknown" for what it has not. */
const char *dpi_app_name(const struct dpi *dpi, uint16_t app);
const char *dpi_category_name(const struct dpi *dpi, uint8_t category);
const char *dpi_breed_name(const struct dpi *dpi, uint16_t app);
uint8_t dpi_breed(const struct dpi *dpi, uint16_t app); /* < DPI_BREEDS */
const char *dpi_risk_name(unsigned risk);

/* Among the risks (ATTR_RISKS) is a TLS certificate of another name. */
bool dpi_risks_certificate(uint64_t risks);

#define DPI_BREEDS 8

/* "Master.App", or the one that there is. @return text. */
const char *dpi_full_name(const struct dpi *dpi, uint16_t master, uint16_t app,
                          char *text, size_t size);

/* The id of an application by name, or -1. */
int dpi_app_id(const struct dpi *dpi, const char *name);

/* Number of protocol ids in use, for listing. */
uint16_t dpi_apps(const struct dpi *dpi);

/* The category that an application has by itself. */
uint8_t dpi_app_category(const struct dpi *dpi, uint16_t app);

/* Category ids are below this; for listing. */
unsigned dpi_categories(void);

/* The id of a category by name, or -1. */
int dpi_category_id(const struct dpi *dpi, const char *name);

/* The version of nDPI that runs, as it tells it. */
const char *dpi_version(void);

#endif
