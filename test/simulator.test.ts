/** Owns the proof that the simulator refuses what ICR would refuse, and that its faults do what they say. */
import './simulator/checks/cli-checks.ts';
import './simulator/checks/fault-checks.ts';
import './simulator/checks/jwt-checks.ts';
import './simulator/checks/route-checks.ts';
import './simulator/checks/token-checks.ts';
import './simulator/checks/transport-checks.ts';
