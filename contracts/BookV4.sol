// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Float} from "./Float.sol";
import {Evaluable, Parts} from "./Parts.sol";

struct IO {
    address token;
    uint8 decimals;
    uint256 vaultId;
}

struct OrderV3 {
    address owner;
    Evaluable evaluable;
    IO[] validInputs;
    IO[] validOutputs;
    bytes32 nonce;
}

struct OrderConfigV3 {
    Evaluable evaluable;
    IO[] validInputs;
    IO[] validOutputs;
    bytes32 nonce;
    bytes32 secret;
    bytes meta;
}

struct SignedContextV1 {
    address signer;
    uint256[] context;
    bytes signature;
}

struct TaskV1 {
    Evaluable evaluable;
    SignedContextV1[] signedContext;
}

struct TakeOrderConfigV3 {
    OrderV3 order;
    uint256 inputIOIndex;
    uint256 outputIOIndex;
    SignedContextV1[] signedContext;
}

struct Quote {
    OrderV3 order;
    uint256 inputIOIndex;
    uint256 outputIOIndex;
    SignedContextV1[] signedContext;
}

struct TakeOrdersConfigV3 {
    uint256 minimumInput;
    uint256 maximumInput;
    uint256 maximumIORatio;
    TakeOrderConfigV3[] orders;
    bytes data;
}

struct ClearConfig {
    uint256 aliceInputIOIndex;
    uint256 aliceOutputIOIndex;
    uint256 bobInputIOIndex;
    uint256 bobOutputIOIndex;
    uint256 aliceBountyVaultId;
    uint256 bobBountyVaultId;
}

struct ClearStateChange {
    uint256 aliceOutput;
    uint256 bobOutput;
    uint256 aliceInput;
    uint256 bobInput;
}

/// What an order gives and wants in one trade, both counted with 18 decimals.
struct Offer {
    address owner;
    IO input;
    IO output;
    uint256 outputMax18;
    uint256 ratio18;
}

/// The external interface of the fourth generation, which counts in units of the tokens.
contract BookV4 is Parts {
    uint256 private constant ONE = 1e18;

    mapping(address => mapping(address => mapping(uint256 => uint256))) public vaultBalance;

    event AddOrderV2(address sender, bytes32 orderHash, OrderV3 order);
    event RemoveOrderV2(address sender, bytes32 orderHash, OrderV3 order);
    event Deposit(address sender, address token, uint256 vaultId, uint256 amount);
    event Withdraw(address sender, address token, uint256 vaultId, uint256 targetAmount, uint256 amount);
    event TakeOrderV2(address sender, TakeOrderConfigV3 config, uint256 input, uint256 output);
    event ClearV2(address sender, OrderV3 alice, OrderV3 bob, ClearConfig clearConfig);
    event AfterClear(address sender, ClearStateChange clearStateChange);

    function quote(Quote calldata config) external view returns (bool exists, uint256 outputMax18, uint256 ratio18) {
        if (!_live[keccak256(abi.encode(config.order))]) return (false, 0, 0);
        Offer memory offer = _offer(config.order, config.inputIOIndex, config.outputIOIndex);
        return (true, offer.outputMax18, offer.ratio18);
    }

    function addOrder2(OrderConfigV3 calldata config, TaskV1[] calldata tasks)
        external
        once
        noTasks(tasks.length)
        returns (bool stateChanged)
    {
        OrderV3 memory order =
            OrderV3(msg.sender, config.evaluable, config.validInputs, config.validOutputs, config.nonce);
        bytes32 orderHash = keccak256(abi.encode(order));
        stateChanged = _list(orderHash, config.validInputs.length, config.validOutputs.length);
        if (stateChanged) emit AddOrderV2(msg.sender, orderHash, order);
    }

    function removeOrder2(OrderV3 calldata order, TaskV1[] calldata tasks)
        external
        once
        noTasks(tasks.length)
        returns (bool stateChanged)
    {
        bytes32 orderHash = keccak256(abi.encode(order));
        stateChanged = _delist(orderHash, order.owner);
        if (stateChanged) emit RemoveOrderV2(msg.sender, orderHash, order);
    }

    function deposit2(address token, uint256 vaultId, uint256 amount, TaskV1[] calldata tasks)
        external
        once
        noTasks(tasks.length)
    {
        if (amount == 0) revert ZeroDepositAmount(msg.sender, token, bytes32(vaultId));
        vaultBalance[msg.sender][token][vaultId] += amount;
        emit Deposit(msg.sender, token, vaultId, amount);
        _pull(token, msg.sender, amount);
    }

    /// Pays out the smaller of the target and what the vault holds, and does not revert when that is less.
    function withdraw2(address token, uint256 vaultId, uint256 target, TaskV1[] calldata tasks)
        external
        once
        noTasks(tasks.length)
    {
        if (target == 0) revert ZeroWithdrawTargetAmount(msg.sender, token, bytes32(vaultId));
        uint256 held = vaultBalance[msg.sender][token][vaultId];
        uint256 paid = _smaller(target, held);
        if (paid == 0) return;
        vaultBalance[msg.sender][token][vaultId] = held - paid;
        emit Withdraw(msg.sender, token, vaultId, target, paid);
        _push(token, msg.sender, paid);
    }

    /// Takes the orders one after another until the taker has the most that is wanted.
    function takeOrders2(TakeOrdersConfigV3 calldata config)
        external
        once
        returns (uint256 totalInput, uint256 totalOutput)
    {
        if (config.orders.length == 0) revert NoOrders();
        if (config.maximumInput == 0) revert ZeroMaximumIO();
        (address gets, address pays) = _tokensOf(config.orders[0]);
        for (uint256 place = 0; place < config.orders.length && totalInput < config.maximumInput; ++place) {
            (address nextGets, address nextPays) = _tokensOf(config.orders[place]);
            if (nextGets != gets || nextPays != pays) revert TokenMismatch();
            (uint256 input, uint256 output) =
                _take(config.orders[place], config.maximumInput - totalInput, config.maximumIORatio);
            totalInput += input;
            totalOutput += output;
        }
        if (totalInput < config.minimumInput) revert MinimumIO();
        _push(gets, msg.sender, totalInput);
        _pull(pays, msg.sender, totalOutput);
    }

    function clear2(
        OrderV3 memory alice,
        OrderV3 memory bob,
        ClearConfig calldata config,
        SignedContextV1[] memory,
        SignedContextV1[] memory
    ) external once {
        if (alice.owner == bob.owner) revert SameOwner();
        if (!_stands(keccak256(abi.encode(alice)), alice.owner)) return;
        if (!_stands(keccak256(abi.encode(bob)), bob.owner)) return;
        Offer memory a = _offer(alice, config.aliceInputIOIndex, config.aliceOutputIOIndex);
        Offer memory b = _offer(bob, config.bobInputIOIndex, config.bobOutputIOIndex);
        if (a.output.token != b.input.token || b.output.token != a.input.token) revert TokenMismatch();
        emit ClearV2(msg.sender, alice, bob, config);
        ClearStateChange memory change = _matched(a, b);
        _settle(a, change.aliceInput, change.aliceOutput);
        _settle(b, change.bobInput, change.bobOutput);
        vaultBalance[msg.sender][a.output.token][config.aliceBountyVaultId] += change.aliceOutput - change.bobInput;
        vaultBalance[msg.sender][b.output.token][config.bobBountyVaultId] += change.bobOutput - change.aliceInput;
        emit AfterClear(msg.sender, change);
    }

    function _take(TakeOrderConfigV3 calldata config, uint256 most, uint256 ratioMax)
        private
        returns (uint256 input, uint256 output)
    {
        bytes32 orderHash = keccak256(abi.encode(config.order));
        address owner = config.order.owner;
        if (!_stands(orderHash, owner)) return (0, 0);
        Offer memory offer = _offer(config.order, config.inputIOIndex, config.outputIOIndex);
        if (offer.ratio18 > ratioMax) {
            emit OrderExceedsMaxRatio(msg.sender, owner, orderHash);
            return (0, 0);
        }
        input = _smaller(_units(offer.outputMax18, offer.output.decimals), most);
        if (input == 0) {
            emit OrderZeroAmount(msg.sender, owner, orderHash);
            return (0, 0);
        }
        output = _paidFor(input, offer);
        _settle(offer, output, input);
        emit TakeOrderV2(msg.sender, config, input, output);
    }

    /// What an order wants for what it gives, a cut digit counted up in its favour.
    function _paidFor(uint256 gave, Offer memory offer) private pure returns (uint256) {
        uint256 paid18 = (_eighteen(gave, offer.output.decimals) * offer.ratio18 + ONE - 1) / ONE;
        uint256 units = _units(paid18, offer.input.decimals);
        return _eighteen(units, offer.input.decimals) < paid18 ? units + 1 : units;
    }

    /// Each side gets what it wants; where the cut digits of both ratios would add up to one unit more than the other
    /// side gives, it gets what that gives.
    function _matched(Offer memory a, Offer memory b) private pure returns (ClearStateChange memory change) {
        if (a.ratio18 * b.ratio18 > ONE * ONE) revert NegativeBounty();
        uint256 aliceOutput18 = _smaller(a.outputMax18, (b.outputMax18 * b.ratio18) / ONE);
        uint256 bobOutput18 = _smaller(b.outputMax18, (a.outputMax18 * a.ratio18) / ONE);
        change.aliceOutput = _units(aliceOutput18, a.output.decimals);
        change.bobOutput = _units(bobOutput18, b.output.decimals);
        change.aliceInput = _smaller(_paidFor(change.aliceOutput, a), change.bobOutput);
        change.bobInput = _smaller(_paidFor(change.bobOutput, b), change.aliceOutput);
    }

    function _offer(OrderV3 memory order, uint256 inputIndex, uint256 outputIndex)
        private
        view
        returns (Offer memory offer)
    {
        offer.owner = order.owner;
        offer.input = order.validInputs[inputIndex];
        offer.output = order.validOutputs[outputIndex];
        if (offer.input.token == offer.output.token) revert TokenSelfTrade();
        (Float outputMax, Float ratio) = _evaluated(order.evaluable);
        (offer.outputMax18,) = outputMax.toFixed(18);
        (offer.ratio18,) = ratio.toFixed(18);
        uint256 held = vaultBalance[order.owner][offer.output.token][offer.output.vaultId];
        offer.outputMax18 = _smaller(offer.outputMax18, _eighteen(held, offer.output.decimals));
    }

    function _settle(Offer memory offer, uint256 received, uint256 gave) private {
        vaultBalance[offer.owner][offer.output.token][offer.output.vaultId] -= gave;
        vaultBalance[offer.owner][offer.input.token][offer.input.vaultId] += received;
    }

    function _tokensOf(TakeOrderConfigV3 calldata config) private pure returns (address gets, address pays) {
        return (
            config.order.validOutputs[config.outputIOIndex].token, config.order.validInputs[config.inputIOIndex].token
        );
    }

    function _eighteen(uint256 units, uint8 decimals) private pure returns (uint256) {
        return decimals <= 18 ? units * 10 ** (18 - decimals) : units / 10 ** (decimals - 18);
    }

    function _units(uint256 amount18, uint8 decimals) private pure returns (uint256) {
        return decimals <= 18 ? amount18 / 10 ** (18 - decimals) : amount18 * 10 ** (decimals - 18);
    }

    function _smaller(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }
}
