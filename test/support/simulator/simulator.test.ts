/** Checks that the simulator refuses what ICR would refuse, and that its faults do what they say. */
import './checks/cli-checks.ts';
import './checks/fault-checks.ts';
import './checks/jwt-checks.ts';
import './checks/route-checks.ts';
import './checks/token-checks.ts';
import './checks/transport-checks.ts';
