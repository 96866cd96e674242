// SPDX-License-Identifier: GPL-2.0-or-later
// Devices with their status, registers and failure switch; the bus.

import { el, hex, grouped, redraw } from './dom.js';
import { request } from './server.js';

const body = document.querySelector('#devices .body');

function device(d, tick) {
	const due = d.completes.filter(t => t > tick).map(t => '+' + grouped(t - tick)).join(' ');
	return el('tr', { class: d.failing ? 'failing' : '', 'data-device': d.name },
		el('th', {}, d.name), el('td', { class: 'status' }, d.status), el('td', { class: 'due', title: 'Ticks to completion' }, due),
		el('td', { class: 'value' }, d.registers.map(r => hex(r)).join(' ')),
		el('td', {}, el('label', { class: 'fail', title: 'Let operations of this device fail' },
			el('input', {
				type: 'checkbox', checked: d.failing,
				onchange: event => request('fail', { device: d.name, failing: event.target.checked }),
			}), 'fail')));
}

function bus(b) {
	const set = words => words.map((w, line) => [0, 1, 2, 3, 4, 5, 6, 7].filter(i => w >>> i & 1)
		.map(i => ['disk', 'flash', 'eth', 'printer', 'terminal'][line] + i)).flat().join(' ') || 'none';
	return el('dl', { class: 'bus' },
		el('dt', {}, 'Interval timer'), el('dd', { class: 'value' }, hex(b.timer)),
		el('dt', {}, 'Interrupting'), el('dd', {}, set(b.interrupting)),
		el('dt', {}, 'RAM'), el('dd', {}, `${b.ram / 4096} frames, 20000000 to ${hex(0x20000000 + b.ram - 1)}`),
		el('dt', {}, 'TLB floor'), el('dd', { class: 'value' }, hex(b.floor)),
		el('dt', {}, 'Clock'), el('dd', {}, `${b.scale} MHz`));
}

export function showDevices(state) {
	redraw(body, [state.devices, state.bus, state.devices.some(d => d.completes.some(t => t > state.tick)) && state.tick], () => [
		el('table', { class: 'devices' }, state.devices.map(d => device(d, state.tick))), bus(state.bus),
	]);
}
