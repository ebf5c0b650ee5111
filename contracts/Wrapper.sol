// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IToken, Token} from "./Token.sol";

/// An ERC-4626 vault over a token. A plain transfer of the asset to it is a donation: every share is then worth more.
contract Wrapper is Token {
    IToken public immutable asset;
    bool public frozen;

    event Deposit(address indexed sender, address indexed owner, uint256 assets, uint256 shares);
    event Withdraw(
        address indexed sender, address indexed receiver, address indexed owner, uint256 assets, uint256 shares
    );

    error MintsByDepositOnly();
    error RedeemMoreThanMax(address owner, uint256 shares, uint256 most);

    constructor(string memory symbol_, IToken asset_) Token(symbol_, asset_.decimals()) {
        asset = asset_;
    }

    function mint(address, uint256) external pure override {
        revert MintsByDepositOnly();
    }

    /// While it is frozen nobody can redeem.
    function freeze(bool frozen_) external {
        frozen = frozen_;
    }

    function totalAssets() public view returns (uint256) {
        return asset.balanceOf(address(this));
    }

    function convertToAssets(uint256 shares) public view returns (uint256) {
        return totalSupply == 0 ? shares : (shares * totalAssets()) / totalSupply;
    }

    function convertToShares(uint256 assets) public view returns (uint256) {
        return totalSupply == 0 ? assets : (assets * totalSupply) / totalAssets();
    }

    function previewDeposit(uint256 assets) external view returns (uint256) {
        return convertToShares(assets);
    }

    function previewRedeem(uint256 shares) external view returns (uint256) {
        return convertToAssets(shares);
    }

    function maxDeposit(address) external pure returns (uint256) {
        return type(uint256).max;
    }

    function maxRedeem(address owner) public view returns (uint256) {
        return frozen ? 0 : balanceOf[owner];
    }

    function deposit(uint256 assets, address receiver) external returns (uint256 shares) {
        shares = convertToShares(assets);
        require(asset.transferFrom(msg.sender, address(this), assets));
        _mint(receiver, shares);
        emit Deposit(msg.sender, receiver, assets, shares);
    }

    function redeem(uint256 shares, address receiver, address owner) external returns (uint256 assets) {
        if (shares > maxRedeem(owner)) revert RedeemMoreThanMax(owner, shares, maxRedeem(owner));
        if (msg.sender != owner) _spend(owner, shares);
        assets = convertToAssets(shares);
        _burn(owner, shares);
        require(asset.transfer(receiver, assets));
        emit Withdraw(msg.sender, receiver, owner, assets, shares);
    }
}
