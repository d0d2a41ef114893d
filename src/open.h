/* open: the parts of the program, up and down. SPDX-License-Identifier: MIT */
#ifndef KELVIN_OPEN_H
#define KELVIN_OPEN_H

#include <stdbool.h>

struct app;

/*
 * In the order of these declarations. All but open_undo() return false when
 * the program cannot go on, after saying why on standard error.
 */

/* The options that options.h cannot judge: networks, sinks, addresses. */
bool open_check(struct app *app);

/* Who we are: limits, cores, the background, the user to be. */
bool open_process(struct app *app);

/* What does not change while packets come: places, makers of cards. */
bool open_knowledge(struct app *app);

/* The script of --run, before anything takes time. */
bool open_errand(struct app *app);

/* Captures and files: what needs rights most. */
bool open_inputs(struct app *app);

/* The log, in a directory and a file that the user may write. */
bool open_log(struct app *app);

/* The engine behind the inputs, and where its records go. */
bool open_traffic(struct app *app);

/* The ports of the web server; nobody is answered yet. */
bool open_server(struct app *app);

/* The last steps that need rights, and the end of those rights. */
bool open_settle(struct app *app);

/* The loop, and on it Redis, preferences and what is kept in them. */
bool open_state(struct app *app);

/* rrdcached, and what is written with it. */
bool open_series(struct app *app);

/* Close everything in the reverse order, from wherever opening got to. */
void open_undo(struct app *app);

#endif
