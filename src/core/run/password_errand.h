/* password_errand: --set-password. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_PASSWORD_ERRAND_H
#define KELVIN_RUN_PASSWORD_ERRAND_H

#include <stdbool.h>

#include "core/run/options.h"
#include "core/util/strbuf.h"

/*
 * Ask for a new password of the user of --set-password and set it in the Redis
 * of -r: twice on a terminal, without showing it, else the first line of
 * standard input. All sessions of the user end.
 * @return false with one line in the error.
 */
bool password_errand(const struct options *options, struct strbuf *error);

#endif
