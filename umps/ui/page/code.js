// SPDX-License-Identifier: GPL-2.0-or-later
// The function, or the piece of ROM, around the program counter or around an address typed; a click on a line
// sets or removes a breakpoint.

import { el, hex, redraw } from './dom.js';
import { ask, request, say } from './server.js';

const panel = document.getElementById('code');
const body = panel.querySelector('.body');
const cpuTabs = panel.querySelector('.cpus');
const input = panel.querySelector('.goto');
let place = null; // what was typed, or null: follow the program counter
let code = null;
let codeKey = '';
let asking = false;
let stoodAt = -1; // tick at which the machine stood still last

const space = (state, address) => address < state.bus.floor ? -1 : null;

function toggle(state, cpu, address) {
	const point = state.points.find(p => p.kind === 'breakpoint' && p.first === address);
	if (point)
		request('remove', { id: point.id });
	else
		request('breakpoint', {
			address: '0x' + hex(address),
			asid: space(state, address) ?? state.cpus[cpu].registers.find(r => r.name === 'EntryHi').value >>> 6 & 63,
		});
}

function line(state, cpu, { address, word, text, label, target }) {
	const here = state.cpus.map((c, i) => c.pc === address && (c.state !== 'halted' || i === cpu) ? i : -1).filter(i => i >= 0);
	const point = state.points.find(p => p.kind === 'breakpoint' && p.first === address);
	const [mnemonic, allOperands = ''] = text.split('\t');
	// The last operand of a branch or jump is a distance; the target says more.
	const operands = target ? allOperands.split(', ').slice(0, -1).join(', ') : allOperands;
	const row = el('tr', {
		class: [here.includes(cpu) && 'here', here.length && 'some', point && (point.enabled ? 'point' : 'point off')]
			.filter(Boolean).join(' '),
		'data-address': hex(address),
		title: 'Click: breakpoint',
		onclick: () => toggle(state, cpu, address),
	},
		el('td', { class: 'dot' }, point ? '●' : ''),
		el('td', { class: 'marker' }, here.length ? (state.cpus.length > 1 ? here.join(',') : '') + '▶' : ''),
		el('td', { class: 'address' }, hex(address)), el('td', { class: 'word' }, hex(word)),
		el('td', { class: 'mnemonic' }, mnemonic),
		el('td', { class: 'operands' }, operands, target ? el('span', { class: 'target' }, ' → ' + target) : ''));
	return label ? [el('tr', { class: 'label' }, el('td', { colspan: 6 }, label)), row] : [row];
}

function draw(state, cpu) {
	if (!code)
		return el('p', { class: 'hint' }, place ? `There is no code at "${place}".` :
			'The program counter points at nothing that is mapped.');
	return el('table', { class: 'code' }, code.lines.map(l => line(state, cpu, l)).flat());
}

function scrollTo(selector) {
	const row = body.querySelector(selector);
	if (!row)
		return;
	const top = row.offsetTop, height = body.clientHeight;
	if (top < body.scrollTop + 40 || top > body.scrollTop + height - 60)
		body.scrollTop = top - height / 3;
}

async function fetchCode(state, cpu) {
	const pc = state.cpus[cpu].pc;
	const at = place ?? '0x' + hex(pc);
	const inside = !place && code && code.lines.some(l => l.address === pc) && state.running;
	const key = [cpu, at, state.tick].join();
	if (asking || inside || key === codeKey)
		return;
	asking = true;
	codeKey = key;
	code = await ask('code', { cpu, address: at });
	asking = false;
}

export async function showCode(state, cpu, chooseCpu) {
	if (!state.running && state.tick !== stoodAt) { // it stopped anew: there is what matters
		stoodAt = state.tick;
		followPc();
	}
	cpuTabs.replaceChildren(...(state.cpus.length > 1 ? state.cpus : []).map((c, i) => el('button', {
		class: 'cpu ' + c.state, 'aria-pressed': String(i === cpu), onclick: () => chooseCpu(i), title: `${c.state}, ${c.symbol || hex(c.pc)}`,
	}, `CPU ${i}`)));
	await fetchCode(state, cpu);
	redraw(body, [code, cpu, place, state.points, state.cpus.map(c => c.pc)], () => draw(state, cpu));
	scrollTo(place && code ? `tr[data-address="${hex(code.address)}"]` : 'tr.here');
}

export function followPc() {
	place = null;
	input.value = '';
	codeKey = '';
}

input.addEventListener('keydown', event => {
	event.stopPropagation();
	if (event.key !== 'Enter' && event.key !== 'Escape')
		return;
	place = event.key === 'Enter' && input.value.trim() ? input.value.trim() : null;
	codeKey = '';
	if (event.key === 'Escape')
		input.value = '';
	input.blur();
	panel.dispatchEvent(new Event('look'));
});
input.addEventListener('change', () => { if (!input.value) say('The code follows the program counter again.'); });
