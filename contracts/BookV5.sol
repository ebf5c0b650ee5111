// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Float} from "./Float.sol";
import {FloatBook, OrderConfigV4, TakeOrderConfigV4, TaskV2, Wanted} from "./FloatBook.sol";

struct TakeOrdersConfigV4 {
    Float minimumInput;
    Float maximumInput;
    Float maximumIORatio;
    TakeOrderConfigV4[] orders;
    bytes data;
}

/// The external interface of the fifth generation.
contract BookV5 is FloatBook {
    function addOrder3(OrderConfigV4 calldata config, TaskV2[] calldata tasks) external once returns (bool) {
        return _addOrder(config, tasks);
    }

    function deposit3(address token, bytes32 vaultId, Float amount, TaskV2[] calldata tasks) external once {
        _deposit(token, vaultId, amount, tasks);
    }

    function withdraw3(address token, bytes32 vaultId, Float target, TaskV2[] calldata tasks) external once {
        _withdraw(token, vaultId, target, tasks);
    }

    function takeOrders3(TakeOrdersConfigV4 calldata config)
        external
        once
        returns (Float totalTakerInput, Float totalTakerOutput)
    {
        Wanted memory wanted = Wanted(config.maximumInput, config.maximumIORatio, true);
        return _takeAll(config.orders, wanted, config.minimumInput, config.data);
    }

    /// Vault 0 is a vault like any other.
    function _isWallet(bytes32) internal pure override returns (bool) {
        return false;
    }
}
