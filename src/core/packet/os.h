/* os: operating systems by what hosts say. SPDX-License-Identifier: MIT */
#ifndef KELVIN_PACKET_OS_H
#define KELVIN_PACKET_OS_H

/*
 * Short names: "Windows 10", "Windows", "macOS", "iOS", "Android", "Linux",
 * "ChromeOS", "FreeBSD" ... They are constants, so equal names of the same
 * function are equal pointers. NULL: it does not tell.
 */

/* From an HTTP User-Agent, or SSDP's SERVER and USER-AGENT headers. Windows
 * 11 calls itself Windows 10 here. */
const char *os_from_user_agent(const char *agent);

/* From DHCP option 60: "MSFT 5.0", "android-dhcp-13", "dhcpcd-..:Linux-.." */
const char *os_from_dhcp_vendor_class(const char *vendor_class);

/* From a device model as Apple's mDNS records name it: "MacBookPro11,3". */
const char *os_from_model(const char *model);

#endif
