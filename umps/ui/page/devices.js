// SPDX-License-Identifier: GPL-2.0-or-later
// Devices with their status, registers and failure switch; the bus.

import { el, hex, grouped, redraw } from './dom.js';
import { request } from './server.js';

const body = document.querySelector('#devices .body');

const registerNames = line => line === 7 ? ['receiver status', 'receiver command', 'transmitter status', 'transmitter command'] :
	['status', 'command', 'data 0', 'data 1'];

function changeTape(name) {
	const file = prompt(`File of the tape for ${name} (nothing: take it out)`);
	if (file !== null)
		request('tape', { device: name, file });
}

function device(d, tick) {
	const due = d.completes.filter(t => t > tick).map(t => '+' + grouped(t - tick)).join(' ');
	return el('tr', { class: d.failing ? 'failing' : '', 'data-device': d.name },
		el('th', { scope: 'row' }, d.name), el('td', { class: 'status' }, d.status, due ? el('span', { class: 'due', title: 'Ticks to completion' }, ' ', due) : ''),
		el('td', { class: 'value' }, d.registers.map((r, i) => [' ', el('span', { title: `${registerNames(d.line)[i]} at ${hex(d.address + 4 * i)}` }, hex(r))]),
			d.name.startsWith('tape') ? [' ', el('button', { title: `Put another tape in ${d.name}, which must be rewound`, onclick: () => changeTape(d.name) }, 'Change')] : ''),
		el('td', {}, el('input', {
			type: 'checkbox', checked: d.failing, title: `Let operations of ${d.name} fail`, 'aria-label': `${d.name} fails`,
			onchange: event => request('fail', { device: d.name, failing: event.target.checked }),
		})));
}

function bus(b) {
	const set = words => words.map((w, line) => [0, 1, 2, 3, 4, 5, 6, 7].filter(i => w >>> i & 1)
		.map(i => ['disk', b.block, 'eth', 'printer', 'terminal'][line] + i)).flat().join(' ') || 'none';
	return el('dl', { class: 'bus' },
		el('dt', {}, 'Interval timer'), el('dd', { class: 'value' }, hex(b.timer)),
		el('dt', {}, 'Interrupting'), el('dd', {}, set(b.interrupting)),
		el('dt', {}, 'RAM'), el('dd', {}, `${b.ram / 4096} frames, 20000000 to ${hex(0x20000000 + b.ram - 1)}`),
		b.block === 'tape' ? '' : [el('dt', {}, 'TLB floor'), el('dd', { class: 'value' }, hex(b.floor))],
		el('dt', {}, 'Clock'), el('dd', {}, `${b.scale} MHz`));
}

export function showDevices(state) {
	redraw(body, [state.devices, state.bus, state.devices.some(d => d.completes.some(t => t > state.tick)) && state.tick], () => [
		el('table', { class: 'devices' },
			el('tr', {}, [['Device'], ['Status', 'and ticks to completion'], ['Registers', 'status, command, data 0, data 1; terminals: receiver, transmitter'],
				['Fail', 'the hardware failure switch']].map(([name, title]) => el('th', { scope: 'col', title: title ?? null }, name))),
			state.devices.map(d => device(d, state.tick))),
		bus(state.bus),
	]);
}
