/* denial: what those get who may not. SPDX-License-Identifier: MIT */
#ifndef KELVIN_HTTP_DENIAL_H
#define KELVIN_HTTP_DENIAL_H

#include "http/response.h"

/* For http_auth.deny, by what authentication left in the request: people are
 * sent to the form, programs get a status. */
void denial_send(void *arg, struct response *response);

#endif
