/* version: which kelvin this is. SPDX-License-Identifier: MIT */
#ifndef KELVIN_UTIL_VERSION_H
#define KELVIN_UTIL_VERSION_H

#define KELVIN_VERSION "0.1.0"

#endif
