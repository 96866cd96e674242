// SPDX-License-Identifier: GPL-2.0-or-later
// What the page shows stays as it was when the machine is opened again: the server keeps it. Each panel remembers
// under a name of its own, and gets all of it back in the event "restore".

import { request } from './server.js';

let layout = {};

export function remember(name, value) {
	if (layout[name] === value)
		return;
	layout[name] = value;
	request('layout', { layout });
}

export function restore(kept) {
	layout = kept ?? {};
	dispatchEvent(new CustomEvent('restore', { detail: layout }));
}
