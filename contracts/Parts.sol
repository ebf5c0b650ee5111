// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Float} from "./Float.sol";
import {IToken} from "./Token.sol";

struct Evaluable {
    address interpreter;
    address store;
    bytes bytecode;
}

/// What an order offers, computed by a contract that its evaluable names as the interpreter.
interface IExpression {
    function evaluate(bytes calldata bytecode) external view returns (Float outputMax, Float ratio);
}

interface ITakeOrders {
    function onTakeOrders2(address input, address output, Float inputSent, Float totalOutput, bytes calldata takeOrderData)
        external;
}

/// What the order books of every generation have in common.
abstract contract Parts {
    mapping(bytes32 => bool) internal _live;
    bool private _entered;

    event OrderNotFound(address sender, address owner, bytes32 orderHash);
    event OrderZeroAmount(address sender, address owner, bytes32 orderHash);
    event OrderExceedsMaxRatio(address sender, address owner, bytes32 orderHash);

    error Reentered();
    error TasksAreNotRun();
    error NotOrderOwner(address owner);
    error OrderNoInputs();
    error OrderNoOutputs();
    error NoOrders();
    error SameOwner();
    error TokenMismatch();
    error TokenSelfTrade();
    error MinimumIO();
    error NegativeBounty();
    error ZeroMaximumIO();
    error ZeroDepositAmount(address sender, address token, bytes32 vaultId);
    error ZeroWithdrawTargetAmount(address sender, address token, bytes32 vaultId);

    modifier once() {
        if (_entered) revert Reentered();
        _entered = true;
        _;
        _entered = false;
    }

    modifier noTasks(uint256 count) {
        if (count > 0) revert TasksAreNotRun();
        _;
    }

    function orderExists(bytes32 orderHash) external view returns (bool) {
        return _live[orderHash];
    }

    function multicall(bytes[] calldata calls) external returns (bytes[] memory results) {
        results = new bytes[](calls.length);
        for (uint256 place = 0; place < calls.length; ++place) {
            (bool done, bytes memory result) = address(this).delegatecall(calls[place]);
            if (!done) {
                assembly ("memory-safe") {
                    revert(add(result, 32), mload(result))
                }
            }
            results[place] = result;
        }
    }

    /// Lets an order stand, and says whether it did not before.
    function _list(bytes32 orderHash, uint256 inputs, uint256 outputs) internal returns (bool changed) {
        if (inputs == 0) revert OrderNoInputs();
        if (outputs == 0) revert OrderNoOutputs();
        changed = !_live[orderHash];
        _live[orderHash] = true;
    }

    /// Takes an order of the sender away, and says whether it stood.
    function _delist(bytes32 orderHash, address owner) internal returns (bool changed) {
        if (owner != msg.sender) revert NotOrderOwner(owner);
        changed = _live[orderHash];
        _live[orderHash] = false;
    }

    /// Says whether an order stands, and tells when it does not.
    function _stands(bytes32 orderHash, address owner) internal returns (bool) {
        if (!_live[orderHash]) emit OrderNotFound(msg.sender, owner, orderHash);
        return _live[orderHash];
    }

    /// Without an interpreter the bytecode states both numbers: the most of the output per trade, and the ratio.
    function _evaluated(Evaluable memory evaluable) internal view returns (Float outputMax, Float ratio) {
        if (evaluable.interpreter == address(0)) return abi.decode(evaluable.bytecode, (Float, Float));
        return IExpression(evaluable.interpreter).evaluate(evaluable.bytecode);
    }

    function _pull(address token, address from, uint256 amount) internal {
        if (amount > 0) require(IToken(token).transferFrom(from, address(this), amount));
    }

    function _push(address token, address to, uint256 amount) internal {
        if (amount > 0) require(IToken(token).transfer(to, amount));
    }
}
