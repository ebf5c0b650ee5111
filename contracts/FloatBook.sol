// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Float, FloatMath} from "./Float.sol";
import {Evaluable, ITakeOrders, Parts} from "./Parts.sol";
import {IToken} from "./Token.sol";

struct IOV2 {
    address token;
    bytes32 vaultId;
}

struct OrderV4 {
    address owner;
    Evaluable evaluable;
    IOV2[] validInputs;
    IOV2[] validOutputs;
    bytes32 nonce;
}

struct OrderConfigV4 {
    Evaluable evaluable;
    IOV2[] validInputs;
    IOV2[] validOutputs;
    bytes32 nonce;
    bytes32 secret;
    bytes meta;
}

struct SignedContextV1 {
    address signer;
    bytes32[] context;
    bytes signature;
}

struct TaskV2 {
    Evaluable evaluable;
    SignedContextV1[] signedContext;
}

struct TakeOrderConfigV4 {
    OrderV4 order;
    uint256 inputIOIndex;
    uint256 outputIOIndex;
    SignedContextV1[] signedContext;
}

struct QuoteV2 {
    OrderV4 order;
    uint256 inputIOIndex;
    uint256 outputIOIndex;
    SignedContextV1[] signedContext;
}

struct ClearConfigV2 {
    uint256 aliceInputIOIndex;
    uint256 aliceOutputIOIndex;
    uint256 bobInputIOIndex;
    uint256 bobOutputIOIndex;
    bytes32 aliceBountyVaultId;
    bytes32 bobBountyVaultId;
}

struct ClearStateChangeV2 {
    Float aliceOutput;
    Float bobOutput;
    Float aliceInput;
    Float bobInput;
}

/// What an order gives and wants in one trade, and between which vaults.
struct Offer {
    address owner;
    IOV2 input;
    IOV2 output;
    Float outputMax;
    Float ratio;
}

/// How much one call may take. The limit counts what the taker gets (isInput) or what the taker pays.
struct Wanted {
    Float most;
    Float ratioMax;
    bool isInput;
}

/// The order book that counts in Floats: vaults, orders, clears, and the part of takes that its generations share.
abstract contract FloatBook is Parts {
    mapping(address => mapping(address => mapping(bytes32 => Float))) private _vaults;

    event AddOrderV3(address sender, bytes32 orderHash, OrderV4 order);
    event RemoveOrderV3(address sender, bytes32 orderHash, OrderV4 order);
    event DepositV2(address sender, address token, bytes32 vaultId, uint256 depositAmountUint256);
    event WithdrawV2(
        address sender,
        address token,
        bytes32 vaultId,
        Float targetAmount,
        Float withdrawAmount,
        uint256 withdrawAmountUint256
    );
    event TakeOrderV3(address sender, TakeOrderConfigV4 config, Float input, Float output);
    event ClearV3(address sender, OrderV4 alice, OrderV4 bob, ClearConfigV2 clearConfig);
    event AfterClearV2(address sender, ClearStateChangeV2 clearStateChange);

    error ZeroVaultId(address sender, address token);

    /// Whether a vault is the wallet of its owner instead of a number in the book.
    function _isWallet(bytes32 vaultId) internal pure virtual returns (bool);

    /// A wallet counts as what it holds and has approved.
    function vaultBalance2(address owner, address token, bytes32 vaultId) public view returns (Float balance) {
        if (!_isWallet(vaultId)) return _vaults[owner][token][vaultId];
        uint256 held = IToken(token).balanceOf(owner);
        uint256 allowed = IToken(token).allowance(owner, address(this));
        (balance,) = FloatMath.fromFixed(held < allowed ? held : allowed, IToken(token).decimals());
    }

    function quote2(QuoteV2 calldata config) external view returns (bool exists, Float outputMax, Float ioRatio) {
        if (!_live[keccak256(abi.encode(config.order))]) return (false, FloatMath.ZERO, FloatMath.ZERO);
        Offer memory offer = _offer(config.order, config.inputIOIndex, config.outputIOIndex);
        return (true, offer.outputMax, offer.ratio);
    }

    function removeOrder3(OrderV4 calldata order, TaskV2[] calldata tasks)
        external
        once
        noTasks(tasks.length)
        returns (bool stateChanged)
    {
        bytes32 orderHash = keccak256(abi.encode(order));
        stateChanged = _delist(orderHash, order.owner);
        if (stateChanged) emit RemoveOrderV3(msg.sender, orderHash, order);
    }

    function clear3(
        OrderV4 memory alice,
        OrderV4 memory bob,
        ClearConfigV2 calldata config,
        SignedContextV1[] memory,
        SignedContextV1[] memory
    ) external once {
        if (alice.owner == bob.owner) revert SameOwner();
        if (!_stands(keccak256(abi.encode(alice)), alice.owner)) return;
        if (!_stands(keccak256(abi.encode(bob)), bob.owner)) return;
        Offer memory a = _offer(alice, config.aliceInputIOIndex, config.aliceOutputIOIndex);
        Offer memory b = _offer(bob, config.bobInputIOIndex, config.bobOutputIOIndex);
        if (a.output.token != b.input.token || b.output.token != a.input.token) revert TokenMismatch();
        emit ClearV3(msg.sender, alice, bob, config);
        ClearStateChangeV2 memory change = _matched(a, b);
        _settle(a, change.aliceInput, change.aliceOutput);
        _settle(b, change.bobInput, change.bobOutput);
        _bounty(a.output.token, config.aliceBountyVaultId, change.aliceOutput.sub(change.bobInput));
        _bounty(b.output.token, config.bobBountyVaultId, change.bobOutput.sub(change.aliceInput));
        emit AfterClearV2(msg.sender, change);
    }

    function _addOrder(OrderConfigV4 calldata config, TaskV2[] calldata tasks)
        internal
        noTasks(tasks.length)
        returns (bool stateChanged)
    {
        OrderV4 memory order =
            OrderV4(msg.sender, config.evaluable, config.validInputs, config.validOutputs, config.nonce);
        bytes32 orderHash = keccak256(abi.encode(order));
        stateChanged = _list(orderHash, config.validInputs.length, config.validOutputs.length);
        if (stateChanged) emit AddOrderV3(msg.sender, orderHash, order);
    }

    /// Pays in what the amount needs in units of the token: one more where the token has fewer digits.
    function _deposit(address token, bytes32 vaultId, Float amount, TaskV2[] calldata tasks)
        internal
        noTasks(tasks.length)
    {
        if (_isWallet(vaultId)) revert ZeroVaultId(msg.sender, token);
        if (!amount.gt(FloatMath.ZERO)) revert ZeroDepositAmount(msg.sender, token, vaultId);
        uint256 units = amount.toFixedUp(IToken(token).decimals());
        _credit(msg.sender, token, vaultId, amount);
        emit DepositV2(msg.sender, token, vaultId, units);
        _pull(token, msg.sender, units);
    }

    /// Pays out the smaller of the target and what the vault holds, and does not revert when that is less.
    function _withdraw(address token, bytes32 vaultId, Float target, TaskV2[] calldata tasks)
        internal
        noTasks(tasks.length)
    {
        if (_isWallet(vaultId)) revert ZeroVaultId(msg.sender, token);
        if (!target.gt(FloatMath.ZERO)) revert ZeroWithdrawTargetAmount(msg.sender, token, vaultId);
        Float held = _vaults[msg.sender][token][vaultId];
        Float paid = target.smaller(held);
        if (paid.isZero()) return;
        (uint256 units,) = paid.toFixed(IToken(token).decimals());
        _vaults[msg.sender][token][vaultId] = held.sub(paid);
        emit WithdrawV2(msg.sender, token, vaultId, target, paid, units);
        _push(token, msg.sender, units);
    }

    /// Takes the orders one after another until the limit is reached, then pays out and collects the sums.
    function _takeAll(TakeOrderConfigV4[] calldata orders, Wanted memory wanted, Float least, bytes calldata called)
        internal
        returns (Float totalInput, Float totalOutput)
    {
        if (orders.length == 0) revert NoOrders();
        if (!wanted.most.gt(FloatMath.ZERO)) revert ZeroMaximumIO();
        (address gets, address pays) = _tokensOf(orders[0]);
        for (uint256 place = 0; place < orders.length && wanted.most.gt(FloatMath.ZERO); ++place) {
            (address nextGets, address nextPays) = _tokensOf(orders[place]);
            if (nextGets != gets || nextPays != pays) revert TokenMismatch();
            (Float input, Float output) = _take(orders[place], wanted);
            wanted.most = wanted.most.sub(wanted.isInput ? input : output);
            totalInput = totalInput.add(input);
            totalOutput = totalOutput.add(output);
        }
        if (least.gt(wanted.isInput ? totalInput : totalOutput)) revert MinimumIO();
        (uint256 units,) = totalInput.toFixed(IToken(gets).decimals());
        _push(gets, msg.sender, units);
        if (called.length > 0) ITakeOrders(msg.sender).onTakeOrders2(gets, pays, totalInput, totalOutput, called);
        _pull(pays, msg.sender, totalOutput.toFixedUp(IToken(pays).decimals()));
    }

    function _take(TakeOrderConfigV4 calldata config, Wanted memory wanted)
        private
        returns (Float input, Float output)
    {
        bytes32 orderHash = keccak256(abi.encode(config.order));
        address owner = config.order.owner;
        if (!_stands(orderHash, owner)) return (input, output);
        Offer memory offer = _offer(config.order, config.inputIOIndex, config.outputIOIndex);
        if (offer.ratio.gt(wanted.ratioMax)) {
            emit OrderExceedsMaxRatio(msg.sender, owner, orderHash);
        } else if (!offer.outputMax.gt(FloatMath.ZERO)) {
            emit OrderZeroAmount(msg.sender, owner, orderHash);
        } else {
            (input, output) = _part(offer, wanted);
            _settle(offer, output, input);
            emit TakeOrderV3(msg.sender, config, input, output);
        }
    }

    function _part(Offer memory offer, Wanted memory wanted) private pure returns (Float input, Float output) {
        if (wanted.isInput) {
            input = offer.outputMax.smaller(wanted.most);
            return (input, input.mul(offer.ratio));
        }
        output = offer.outputMax.mul(offer.ratio);
        if (!output.gt(wanted.most)) return (offer.outputMax, output);
        return (wanted.most.div(offer.ratio).smaller(offer.outputMax), wanted.most);
    }

    function _matched(Offer memory a, Offer memory b) private pure returns (ClearStateChangeV2 memory change) {
        change.aliceOutput = a.outputMax.smaller(b.outputMax.mul(b.ratio));
        change.bobOutput = b.outputMax.smaller(a.outputMax.mul(a.ratio));
        change.aliceInput = change.aliceOutput.mul(a.ratio);
        change.bobInput = change.bobOutput.mul(b.ratio);
    }

    function _offer(OrderV4 memory order, uint256 inputIndex, uint256 outputIndex)
        private
        view
        returns (Offer memory offer)
    {
        offer.owner = order.owner;
        offer.input = order.validInputs[inputIndex];
        offer.output = order.validOutputs[outputIndex];
        if (offer.input.token == offer.output.token) revert TokenSelfTrade();
        (offer.outputMax, offer.ratio) = _evaluated(order.evaluable);
        offer.outputMax =
            offer.outputMax.smaller(vaultBalance2(order.owner, offer.output.token, offer.output.vaultId));
    }

    function _settle(Offer memory offer, Float received, Float gave) private {
        _debit(offer.owner, offer.output, gave);
        _credit(offer.owner, offer.input.token, offer.input.vaultId, received);
    }

    /// A wallet is paid at once.
    function _debit(address owner, IOV2 memory from, Float amount) private {
        if (_isWallet(from.vaultId)) return _pull(from.token, owner, amount.toFixedUp(IToken(from.token).decimals()));
        _vaults[owner][from.token][from.vaultId] = _vaults[owner][from.token][from.vaultId].sub(amount);
    }

    function _credit(address owner, address token, bytes32 vaultId, Float amount) private {
        if (_isWallet(vaultId)) {
            (uint256 units,) = amount.toFixed(IToken(token).decimals());
            return _push(token, owner, units);
        }
        _vaults[owner][token][vaultId] = _vaults[owner][token][vaultId].add(amount);
    }

    function _bounty(address token, bytes32 vaultId, Float amount) private {
        if (FloatMath.ZERO.gt(amount)) revert NegativeBounty();
        if (amount.gt(FloatMath.ZERO)) _credit(msg.sender, token, vaultId, amount);
    }

    function _tokensOf(TakeOrderConfigV4 calldata config) private pure returns (address gets, address pays) {
        return (
            config.order.validOutputs[config.outputIOIndex].token, config.order.validInputs[config.inputIOIndex].token
        );
    }
}
