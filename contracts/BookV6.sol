// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Float} from "./Float.sol";
import {FloatBook, OrderConfigV4, TakeOrderConfigV4, TaskV2, Wanted} from "./FloatBook.sol";

struct TakeOrdersConfigV5 {
    Float minimumIO;
    Float maximumIO;
    Float maximumIORatio;
    bool IOIsInput;
    TakeOrderConfigV4[] orders;
    bytes data;
}

/// The external interface of the sixth generation.
contract BookV6 is FloatBook {
    function addOrder4(OrderConfigV4 calldata config, TaskV2[] calldata tasks) external once returns (bool) {
        return _addOrder(config, tasks);
    }

    function deposit4(address token, bytes32 vaultId, Float amount, TaskV2[] calldata tasks) external once {
        _deposit(token, vaultId, amount, tasks);
    }

    function withdraw4(address token, bytes32 vaultId, Float target, TaskV2[] calldata tasks) external once {
        _withdraw(token, vaultId, target, tasks);
    }

    function takeOrders4(TakeOrdersConfigV5 calldata config)
        external
        once
        returns (Float totalTakerInput, Float totalTakerOutput)
    {
        Wanted memory wanted = Wanted(config.maximumIO, config.maximumIORatio, config.IOIsInput);
        return _takeAll(config.orders, wanted, config.minimumIO, config.data);
    }

    /// Vault 0 is the wallet.
    function _isWallet(bytes32 vaultId) internal pure override returns (bool) {
        return vaultId == 0;
    }
}
